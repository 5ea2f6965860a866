"""Where logs come from: services and bytes. Nothing here knows a detection."""
