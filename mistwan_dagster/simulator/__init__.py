"""A simulated Mist cloud with a truth of its own: `world` is what happens, `server` what the API tells."""
