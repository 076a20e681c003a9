"""What is seen of a dark state: decay, recoil, conversion, cluster."""
