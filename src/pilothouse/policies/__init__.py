"""How a route is picked for a request, one pure file each."""
