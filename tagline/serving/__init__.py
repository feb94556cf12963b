"""Who serves: promotion, deployment, and the endpoint as it stands."""
