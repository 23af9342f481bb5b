#include "store/sqlite_private.h"

/* In the order of Column, so that ?N is column N - 1. */
#define CALL_COLUMNS                                                                               \
    "id, call_id, caller_id, caller_device, caller_name, callee_id, mode, audio, video, data, "    \
    "created_at, ring_ms, status, cause, reason, ringing_at, accepted_at, answered_by, rev, "      \
    "ended_at, duration_ms, ended_by, veil_status, veil_cause, veil_rev, veil_ended_at, "          \
    "veil_ended_by, veil_reason, closed_at, trace, media_report"

#define SELECT_CALL "SELECT " CALL_COLUMNS " FROM calls "

static const char *const texts[SQLS] = {
    [SQL_BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [SQL_BEGIN_READ] = "BEGIN",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",

    [SQL_LAST_CALL] = "SELECT ifnull(max(id), 0) FROM calls",
    [SQL_COUNT_EVENTS] = "SELECT count(*), ifnull(max(id), 0) FROM outbox",

    /* How new is it, is it in any list, is it the same call, was it made before this one, has it
       the same status? */
    [SQL_FIND_CALL] =
        "SELECT id, rev, ended_at IS NOT NULL, callee_id = ?3 AND created_at = ?4, "
        "created_at < ?4, status = ?5 FROM calls WHERE call_id = ?1 AND caller_id = ?2",
    [SQL_SELECT_CALL] = SELECT_CALL "WHERE id = ?1",
    [SQL_INSERT_CALL] = "INSERT INTO calls (" CALL_COLUMNS ") VALUES "
                        "(?1, ?2, ?3, ?4, ?5, ?6, "
                        "?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, "
                        "?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31) "
                        "ON CONFLICT (call_id, caller_id) DO NOTHING",
    /* Live before and after: no column of an index, and so no page but the row's, is written. */
    [SQL_UPDATE_LIVE] = "UPDATE calls SET status = ?13, cause = ?14, reason = ?15, "
                        "ringing_at = ?16, accepted_at = ?17, answered_by = ?18, rev = ?19, "
                        "trace = ?30, media_report = ?31 WHERE id = ?1",
    [SQL_UPDATE_CALL] = "UPDATE calls SET status = ?13, cause = ?14, reason = ?15, "
                        "ringing_at = ?16, accepted_at = ?17, answered_by = ?18, rev = ?19, "
                        "ended_at = ?20, duration_ms = ?21, ended_by = ?22, veil_status = ?23, "
                        "veil_cause = ?24, veil_rev = ?25, veil_ended_at = ?26, "
                        "veil_ended_by = ?27, veil_reason = ?28, closed_at = ?29, trace = ?30, "
                        "media_report = ?31 WHERE id = ?1",
    [SQL_DELETE_CALL] = "DELETE FROM calls WHERE id = ?1",
    [SQL_FIND_USER] = "SELECT number FROM users WHERE user_id = ?1",
    [SQL_INSERT_USER] = "INSERT INTO users (user_id) VALUES (?1)",
    /* A veiled call that is live to its caller stands in its callee's lists already, with the
       caller's number. */
    [SQL_DELETE_USER] = "DELETE FROM users WHERE number = ?1 "
                        "AND NOT EXISTS (SELECT 1 FROM listings WHERE user = ?1) "
                        "AND NOT EXISTS (SELECT 1 FROM calls "
                        "WHERE caller_id = users.user_id AND closed_at IS NULL)",
    /* One user's three: all calls of the kind, those with the peer, all by their end. */
    [SQL_INSERT_LISTINGS] = "INSERT OR IGNORE INTO listings (user, peer, kind, at, call) VALUES "
                            "(?1, 0, ?3, ?4, ?6), (?1, ?2, ?3, ?4, ?6), (?1, 0, ?7, ?5, ?6)",
    [SQL_INSERT_LISTING] = "INSERT OR IGNORE INTO listings (user, peer, kind, at, call) "
                           "VALUES (?1, ?2, ?3, ?4, ?5)",
    [SQL_INSERT_MANY_LISTINGS] =
        "INSERT OR IGNORE INTO listings (user, peer, kind, at, call) VALUES "
        "(?1, ?2, ?3, ?4, ?5), (?6, ?7, ?8, ?9, ?10), (?11, ?12, ?13, ?14, ?15), "
        "(?16, ?17, ?18, ?19, ?20), (?21, ?22, ?23, ?24, ?25), (?26, ?27, ?28, ?29, ?30), "
        "(?31, ?32, ?33, ?34, ?35), (?36, ?37, ?38, ?39, ?40), (?41, ?42, ?43, ?44, ?45), "
        "(?46, ?47, ?48, ?49, ?50), (?51, ?52, ?53, ?54, ?55), (?56, ?57, ?58, ?59, ?60)",
    [SQL_DELETE_LISTING] = "DELETE FROM listings "
                           "WHERE user = ?1 AND peer = ?2 AND kind = ?3 AND at = ?4 AND call = ?5",
    [SQL_SELECT_UNFILED] = "SELECT number, calls FROM unfiled ORDER BY number",
    [SQL_UNFILED_SPAN] =
        "SELECT (SELECT min(number) FROM unfiled), (SELECT max(number) FROM unfiled)",
    [SQL_INSERT_UNFILED] = "INSERT INTO unfiled (number, calls) VALUES (?1, ?2)",
    [SQL_DELETE_UNFILED] = "DELETE FROM unfiled WHERE number <= ?1",
    [SQL_SELECT_UNCLOSED] = SELECT_CALL "WHERE caller_id >= '' AND closed_at IS NULL",
    [SQL_SELECT_CLOSED] = "SELECT " CALL_COLUMNS " FROM (SELECT * FROM calls WHERE id < ?1 "
                          "ORDER BY id LIMIT 10000) WHERE closed_at < ?2 LIMIT ?3",

    [SQL_INSERT_EVENT] = "INSERT INTO outbox (id, endpoint, call, at, message_id, body) "
                         "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [SQL_DELETE_EVENT] = "DELETE FROM outbox WHERE id = ?1",
    /* Ids grow from 1 with time: the first rows are the oldest, however few of the ids are left. */
    [SQL_EVENTS_BEFORE] = "SELECT id FROM (SELECT id, at FROM outbox WHERE id > 0 ORDER BY id "
                          "LIMIT ?2) WHERE at < ?1",
    [SQL_EVENTS_OF_ENDED] = "SELECT id FROM outbox WHERE id > ?1 AND NOT EXISTS "
                            "(SELECT 1 FROM calls WHERE id = outbox.call AND closed_at IS NULL) "
                            "ORDER BY id LIMIT ?2",

    [SQL_CALL_OF_CALLER] = SELECT_CALL "WHERE call_id = ?1 AND caller_id = ?2",
    [SQL_CALL_OF_CALLEE] = SELECT_CALL "WHERE call_id = ?1 AND callee_id = ?2 "
                                       "ORDER BY created_at DESC, id DESC LIMIT 1",
    [SQL_CALLS_OF_ID] =
        SELECT_CALL "WHERE call_id = ?1 AND caller_id >= '' ORDER BY caller_id LIMIT 2",
    [SQL_LIVE_OF_CALLER] = SELECT_CALL "WHERE caller_id = ?1 AND closed_at IS NULL",
    [SQL_LIVE_OF_CALLEE] = SELECT_CALL "WHERE callee_id = ?1 AND ended_at IS NULL "
                                       "AND caller_id <> ?1",
    [SQL_LISTED] = "SELECT at, call FROM listings WHERE user = ?1 AND peer = ?2 AND kind = ?3 "
                   "AND (at, call) < (?4, ?5) ORDER BY at DESC, call DESC",
    [SQL_LISTED_SINCE] = "SELECT at, call FROM listings WHERE user = ?1 AND peer = 0 AND kind = ?2 "
                         "AND at >= ?3 ORDER BY at DESC, call DESC LIMIT ?4",
    [SQL_PENDING_EVENTS] = "SELECT id, call, at, message_id, body FROM outbox "
                           "WHERE endpoint = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
};

const char *sql_text(Sql which)
{
    return texts[which];
}
