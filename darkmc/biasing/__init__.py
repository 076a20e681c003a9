"""How parents and their decays are drawn towards the detector."""
