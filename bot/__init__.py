"""How does the world get in and out?"""
