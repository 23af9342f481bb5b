// A session description that Janus takes, of nobody who could ever connect.
const lines = (setup) => ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'c=IN IP4 0.0.0.0', 'a=ice-ufrag:page', 'a=ice-pwd:thisIsOfThePageAndOfNobody',
  `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`, `a=setup:${setup}`, 'a=mid:0', 'a=sendrecv', 'a=rtcp-mux',
  'a=rtpmap:111 opus/48000/2', ''];

/** `type`: offer or answer. */
export const sdpOf = (type) => lines(type === 'offer' ? 'actpass' : 'active').join('\r\n');
export const jsepOf = (type) => ({ type, sdp: sdpOf(type) });
