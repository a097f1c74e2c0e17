"""How fast it is, and where the time goes: `make bench`, `make profile`. No part of what is installed."""
