"""What results mean, as numbers; pages make the words."""
