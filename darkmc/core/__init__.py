"""What everything stands on: names, units, particles, kinematics, random numbers, errors."""
