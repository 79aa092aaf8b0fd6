"""A simulated Mist cloud with a truth of its own: `world` is what happens, `server` is what the API tells of it."""
