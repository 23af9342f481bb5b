/* A VFS for SQLite over the usual one, whose n-th operation fails. Threads may share it. */
#pragma once

#include <glib.h>

#define FAULT_VFS "fault"

/* What is counted, and can fail. */
typedef enum {
    FAULT_OPEN = 1 << 0,
    FAULT_DELETE = 1 << 1,
    FAULT_READ = 1 << 2,
    FAULT_WRITE = 1 << 3,
    FAULT_TRUNCATE = 1 << 4,
    FAULT_SYNC = 1 << 5,
    FAULT_SIZE = 1 << 6,
    FAULT_LOCK = 1 << 7,
    FAULT_SHM_MAP = 1 << 8,
    FAULT_SHM_LOCK = 1 << 9,
    FAULT_MEMORY = 1 << 10, /* an allocation of SQLite's */
} FaultOperation;

#define FAULT_ANY_FILE (FAULT_MEMORY - 1)

typedef struct {
    guint operations;  /* which of them */
    guint at;          /* the first that fails, from 1; 0: none, only count */
    gboolean lasts;    /* and all after it */
    int code;          /* what SQLite is told; 0: the operation's own I/O error */
    gboolean is_short; /* a write that fails has written half */
} Fault;

/* Once, before SQLite is used. Syncs are counted, not carried out: nobody cuts the power here. */
void fault_vfs_register(void);
/* Counts from now on. */
void fault_vfs_arm(const Fault *fault);
/* No operation fails any more. Returns how many were counted. */
guint fault_vfs_lift(void);
