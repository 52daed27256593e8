"""Drawing pad for mouse, finger, pen or keyboard."""
