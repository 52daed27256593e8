"""Points of classes, drawn by mouse, pen, finger or keyboard."""
