"""What do we decide? Plain functions on values and an open connection: no clock, network or chance."""
