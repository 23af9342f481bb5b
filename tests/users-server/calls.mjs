// The calls table of the users' server: in memory, or in SQLite with one commit for each statement, as such servers have it.
// A call is { callId, callerId, receiverId, callType, status, reason, createdAt, updatedAt }.

export const RINGING = 'ringing';
export const ACCEPTED = 'accepted';
export const isOver = ({ status }) => status !== RINGING && status !== ACCEPTED;

/** Live calls in a Map; what is over is forgotten, as nobody asks for it again. */
class MemoryCalls {
  #calls = new Map();

  find(callId) {
    return this.#calls.get(callId);
  }

  add(call) {
    this.#calls.set(call.callId, call);
  }

  update({ callId }, status, reason, updatedAt) {
    const call = this.#calls.get(callId);
    Object.assign(call, { status, reason, updatedAt });
    if (isOver(call))
      this.#calls.delete(callId);
  }

  close() {}
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS calls (
    callId TEXT PRIMARY KEY, callerId TEXT NOT NULL, receiverId TEXT NOT NULL, callType TEXT NOT NULL,
    status TEXT NOT NULL, reason TEXT, createdAt INTEGER NOT NULL, updatedAt INTEGER NOT NULL
  ) WITHOUT ROWID`;

class SqliteCalls {
  constructor(Database, path, synchronous) {
    this.db = new Database(path);
    this.db.pragma('journal_mode = WAL');
    this.db.pragma(`synchronous = ${synchronous}`);
    this.db.exec(SCHEMA);
    this.select = this.db.prepare('SELECT * FROM calls WHERE callId = ?');
    this.insert = this.db.prepare(
      `INSERT INTO calls VALUES
       (@callId, @callerId, @receiverId, @callType, @status, @reason, @createdAt, @updatedAt)`);
    this.change = this.db.prepare('UPDATE calls SET status = ?, reason = ?, updatedAt = ? WHERE callId = ?');
  }

  find(callId) {
    return this.select.get(callId);
  }

  add(call) {
    this.insert.run(call);
  }

  update({ callId }, status, reason, updatedAt) {
    this.change.run(status, reason, updatedAt, callId);
  }

  close() {
    this.db.close();
  }
}

/** `store` is "memory" or "sqlite", the latter with `path` and `synchronous` ("NORMAL" or "FULL"). */
export async function openCalls({ store, path, synchronous }) {
  if (store === 'memory')
    return new MemoryCalls();
  // Only who wants it needs to have it built.
  const { default: Database } = await import('better-sqlite3');
  return new SqliteCalls(Database, path, synchronous);
}
