"""What runs beside the web server: answering, sending, the clock."""
