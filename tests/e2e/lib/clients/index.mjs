import { HttpClient } from './http.mjs';
import { JanodeClient } from './janode.mjs';
import { JanusApiClient } from './janus-api.mjs';
import { JanusJsClient } from './janus-js.mjs';
import { WsClient } from './ws.mjs';

export { HttpClient, JanodeClient, JanusApiClient, JanusJsClient, WsClient };

export const overWebSocket = [WsClient, JanodeClient, JanusApiClient, JanusJsClient];
export const everyClient = [...overWebSocket, HttpClient];
