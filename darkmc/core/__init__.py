"""What everything stands on: units, particles, kinematics, random numbers, errors."""
