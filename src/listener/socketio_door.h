/* Calls over Socket.IO 5 and Engine.IO 4, by WebSocket and by HTTP long polling (docs/socketio.md). */
#pragma once

#include "listener/protocol.h"

extern const Protocol socketio_protocol;
