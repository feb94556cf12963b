"""Makes the starter backbone: drawn icons of npm packages, their names' words as labels."""
