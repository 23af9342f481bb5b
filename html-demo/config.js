// Where Janus is, and what carries the media of calls made here: "relay", "room", "p2p" or "none". `./run.sh` writes its own;
// behind a web server of yours, put your address here.
export const server = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.hostname}:8188`;
export const mode = 'relay';
// Where the plugin's own listener is, for socketio.html.
export const listener = `${location.protocol}//${location.hostname}:8192`;
