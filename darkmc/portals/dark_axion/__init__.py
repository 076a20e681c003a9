"""The dark axion portal: the dark current, and each process as density, sampler and total."""
