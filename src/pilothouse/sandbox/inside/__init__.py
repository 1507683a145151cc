"""What runs on the far side: started without site-packages, so nothing here imports more than the standard library."""
