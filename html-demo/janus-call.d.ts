// Types of janus-call.js. SPDX-License-Identifier: MIT

/** The protocol's word for a user; an integer is taken as its decimal text. */
export type UserId = string;

export interface Media {
  audio: boolean;
  video: boolean;
}

export type CallStatus =
  | 'calling' | 'ringing' | 'accepted' | 'rejected' | 'cancelled' | 'timeout' | 'ended' | 'failed' | 'unknown';

/** A record of the server, as in docs/protocol.md, section 4. */
export interface CallRecord {
  callId: string;
  callerId: UserId;
  calleeId: UserId;
  status: Exclude<CallStatus, 'calling' | 'unknown'>;
  cause: string | null;
  reason?: string;
  media: Media;
  mode: string;
  data?: Record<string, unknown>;
  createdAt: number;
  ringingAt?: number;
  acceptedAt?: number;
  endedAt?: number;
  durationMs?: number;
  answeredBy?: string;
  endedBy?: UserId;
  rev: number;
}

export class CallError extends Error {
  constructor(code: string, message: string, details?: Record<string, unknown>);
  readonly code: string;
  readonly details: Record<string, any>;
}

export class Emitter<Events = Record<string, any>> {
  on<K extends keyof Events>(name: K, listener: (value: Events[K]) => void): () => void;
  off<K extends keyof Events>(name: K, listener: (value: Events[K]) => void): void;
  next<K extends keyof Events>(name: K): Promise<Events[K]>;
  emit<K extends keyof Events>(name: K, value: Events[K]): void;
}

// --- media ---

export type StreamState = 'none' | 'idle' | 'connecting' | 'connected' | 'reconnecting' | 'closed';

/** The server's `join` of a call: docs/protocol.md, section 6. */
export interface JoinFacts {
  token?: string;
  iceServers?: RTCIceServer[];
  plugin?: string;
  room?: string | number;
  pin?: string;
}

/** What this side wants to get. */
export interface Wish {
  audio?: boolean;
  video?: boolean;
  data?: boolean;
  bitrate?: number;
  substream?: number;
  temporal?: number;
}

export class Stream extends Emitter<{ change: Stream; text: string }> {
  readonly state: StreamState;
  readonly local: MediaStream | null;
  readonly remote: MediaStream | null;
  readonly audio: boolean;
  readonly video: boolean;
  readonly problem: Error | null;
  prepare(media?: Partial<Media>): Promise<void>;
  start(options?: { join?: JoinFacts; iceServers?: RTCIceServer[]; isResumed?: boolean }): void | Promise<void>;
  hear(data: any): void;
  mend(): void;
  setAudio(isOn: boolean): Promise<void>;
  setVideo(isOn: boolean): Promise<void>;
  configure(wish: Wish): Promise<void>;
  sendText(text: string): Promise<void>;
  close(): void;
}

/** What a stream has of its call. */
export interface StreamPort {
  readonly callId: string;
  readonly isCaller: boolean;
  readonly media: Media;
  /** The newest that the server gave. */
  join(): JoinFacts | null | undefined;
  /** A handle of its own on Janus. */
  attach(plugin: string, hooks: MediaHooks): Promise<MediaHandle>;
  /** With call:signal; resolves with false if it did not arrive. */
  send(data: unknown): Promise<boolean>;
  /** With call:update. */
  tell(data: Partial<Media>): void;
  getUserMedia(constraints: MediaStreamConstraints): Promise<MediaStream>;
}

export class PeerStream extends Stream {
  constructor(port: Pick<StreamPort, 'isCaller' | 'media' | 'send' | 'tell' | 'getUserMedia'>);
}

export class RelayStream extends Stream {
  constructor(port: Omit<StreamPort, 'send'>);
}

export class RoomStream extends Stream {
  constructor(port: Omit<StreamPort, 'send'>);
}

export interface RelayOptions {
  url?: string;
  transport?: Transport;
  callId: string;
  join: JoinFacts | (() => JoinFacts);
  isCaller: boolean;
  media?: Media;
  tell?: (data: Partial<Media>) => void;
  getUserMedia?: (constraints: MediaStreamConstraints) => Promise<MediaStream>;
}

/** The media of a relayed call alone, for an app that signals by another door. */
export function joinRelay(options: RelayOptions): RelayStream;

// --- calls ---

export interface CallEvents {
  change: Call;
  accepted: Call;
  ended: Call;
  peer: 'connected' | 'reconnecting';
  updated: Record<string, any>;
  signal: any;
}

export class Call extends Emitter<CallEvents> {
  private constructor();
  readonly id: string;
  readonly direction: 'incoming' | 'outgoing';
  readonly peerId: UserId;
  readonly peerName: string;
  readonly media: Media;
  readonly mode: string;
  readonly data: Record<string, any> | null;
  readonly status: CallStatus;
  readonly cause: string | null;
  readonly reason: string | null;
  readonly rev: number;
  readonly isRinging: boolean;
  readonly isAlerting: boolean;
  readonly isOver: boolean;
  readonly isPresumed: boolean;
  readonly reachable: boolean | null;
  readonly devices: number | null;
  readonly peer: 'connected' | 'reconnecting';
  readonly peerMedia: (Partial<Media> & Record<string, any>) | null;
  readonly endedBy: UserId | null;
  readonly expiresInMs: number | null;
  readonly durationMs: number | null;
  readonly error: CallError | null;
  readonly stream: Stream;
  /** Of a call that was made here: resolves when the server has it. */
  readonly placed?: Promise<Call>;
  accept(media?: Media): Promise<void>;
  reject(options?: { reason?: string; cause?: 'declined' | 'busy' }): Promise<void>;
  end(reason?: string): Promise<void>;
  signal(data: unknown): Promise<boolean>;
  update(data: Record<string, unknown>): Promise<boolean>;
}

// --- the client ---

export interface Hooks {
  event(data: any): void;
  lost(error: CallError): void;
  wire?(direction: 'in' | 'out', message: any): void;
  signal?: AbortSignal;
  /** Only attach() is wanted. */
  isForMedia?: boolean;
}

export interface MediaHooks {
  event(data: any, jsep?: RTCSessionDescriptionInit): void;
  /** Once, when Janus closed the handle or its PeerConnection, or the connection is gone. */
  lost(error: CallError): void;
  trickle?(candidate: any): void;
}

export interface MediaHandle {
  request(body: Record<string, unknown>, jsep?: RTCSessionDescriptionInit): Promise<any>;
  trickle(candidate: RTCIceCandidateInit | { completed: true }): void;
  detach(): void;
}

export interface Link {
  request(body: Record<string, unknown>): Promise<any>;
  probe(): Promise<unknown>;
  close(): void;
  /** Of transports that carry media handles too: those of the modes relay and room. */
  attach?(plugin: string, hooks: MediaHooks): Promise<MediaHandle>;
}

export interface Transport {
  readonly name?: string;
  open(hooks: Hooks): Promise<Link>;
}

export function webSocketTransport(url: string, options?: { WebSocket?: any }): Transport;
export function janusJsTransport(server: string | string[], options?: { Janus?: any; [option: string]: any }): Transport;

export interface KeyStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

export function deviceIdOf(storage?: KeyStorage): string;

export interface ClientOptions {
  url?: string;
  transport?: Transport;
  deviceId?: string;
  storage?: KeyStorage;
  mode?: string;
  modes?: Record<string, (port: StreamPort) => Stream>;
  mediaTransport?: Transport;
  getUserMedia?: (constraints: MediaStreamConstraints) => Promise<MediaStream>;
  acceptOnGlare?: boolean;
  keepaliveMs?: number;
  answerMs?: number;
  openMs?: number;
  backoff?: { firstMs?: number; baseMs?: number; mostMs?: number; stableMs?: number };
}

export interface Identity {
  userId?: UserId;
  displayName?: string;
  token?: string;
  getToken?: (who: { userId?: UserId; deviceId: string }) => Promise<string> | string;
}

export interface ClientState {
  name: 'idle' | 'connecting' | 'online' | 'waiting' | 'refused' | 'replaced' | 'unregistered' | 'closed';
  error: CallError | null;
  retryInMs?: number;
}

export interface Registration {
  userId: UserId;
  deviceId: string;
  protocol: number;
  serverTime: number;
  timers: Record<string, number>;
  limits: Record<string, number>;
  registrationExpiresInMs?: number;
  calls: CallRecord[];
  complete: boolean;
}

export interface CallOptions extends Partial<Media> {
  media?: Media;
  mode?: string;
  callId?: string;
  timeoutMs?: number;
  data?: Record<string, unknown>;
}

export interface HistoryFilter {
  limit?: number;
  before?: string;
  status?: string;
  peerId?: UserId;
  missed?: boolean;
}

export interface ClientEvents {
  state: ClientState;
  incoming: Call;
  outgoing: Call;
  resumed: Call;
  wire: { at: number; direction: 'in' | 'out'; message: any };
}

export class CallClient extends Emitter<ClientEvents> {
  constructor(options?: ClientOptions);
  readonly deviceId: string;
  readonly userId: UserId | null;
  readonly isOnline: boolean;
  readonly state: ClientState;
  readonly server: Registration | null;
  readonly calls: Call[];
  register(identity: Identity): Promise<Registration>;
  call(calleeId: UserId, options?: CallOptions): Call;
  history(filter?: HistoryFilter): Promise<{ calls: CallRecord[]; next: string | null }>;
  get(callId: string): Promise<CallRecord>;
  check(): void;
  close(): Promise<void>;
}

// --- for tests, and for clients of another make ---

export interface Facts {
  callId: string;
  direction: 'incoming' | 'outgoing' | null;
  status: CallStatus;
  cause: string | null;
  rev: number;
  isOver: boolean;
  isPresumed: boolean;
  [fact: string]: any;
}

export function newFacts(callId: string): Facts;
export function learn(facts: Facts, said: Record<string, any>): 'nothing' | 'changed' | 'over' | 'corrected';
export function saidByEvent(event: Record<string, any>): Record<string, any> | null;
export function saidByRecord(record: CallRecord, userId: UserId, deviceId: string): Record<string, any>;
