/* Where a device can be reached. The core compares addresses and never looks into one. */
#pragma once

/* A door (a Janus handle, a socket of our own listener, later another node) gives each connection
 * one address. The hub holds it, borrowed, from the EVENT_REGISTER that brought it until a later
 * registration replaces it, EVENT_UNREGISTER, or EVENT_GONE; its owner keeps it alive that long. */
typedef struct Address Address;
