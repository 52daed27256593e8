"""What every transfer is compared with."""
