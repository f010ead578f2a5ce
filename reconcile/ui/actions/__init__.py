"""What the pages do when a button is pressed: thin calls of the engine, which checks who may do what."""
