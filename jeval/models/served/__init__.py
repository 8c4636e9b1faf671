"""Models behind a server: started, tried, asked and checked."""
