// Where Janus is. `./run.sh` writes its own; behind a web server of yours, put your address here.
export const server = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.hostname}:8188`;
// What carries the media of calls made here, unless one chooses otherwise: "relay", "room", "p2p" or "none".
export const mode = 'relay';
// Where the plugin's own listener is, for socketio.html.
export const listener = `${location.protocol}//${location.hostname}:8192`;
