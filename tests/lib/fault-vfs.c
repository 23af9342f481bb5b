#include "fault-vfs.h"

#include <sqlite3.h>

static GMutex lock; /* guards what is armed and counted */
static Fault armed;
static guint counted;
static sqlite3_vfs *base;

/* The base VFS's own file follows it in memory. */
typedef struct {
    sqlite3_file file;
    gint64 inner[];
} FaultFile;

static sqlite3_file *inner_of(sqlite3_file *file)
{
    return (sqlite3_file *)((FaultFile *)file)->inner;
}

static const sqlite3_io_methods *methods_of(sqlite3_file *file)
{
    return inner_of(file)->pMethods;
}

static gboolean count(FaultOperation operation)
{
    if (!(armed.operations & operation))
        return FALSE;
    counted++;
    return armed.at && (counted == armed.at || (armed.lasts && counted > armed.at));
}

static gboolean is_hit(FaultOperation operation)
{
    gboolean fails;

    g_mutex_lock(&lock);
    fails = count(operation);
    g_mutex_unlock(&lock);
    return fails;
}

static Fault current(void)
{
    Fault fault;

    g_mutex_lock(&lock);
    fault = armed;
    g_mutex_unlock(&lock);
    return fault;
}

/* What SQLite is told of an operation that fails. */
static int code_of(int own)
{
    int code = current().code;

    return code ? code : own;
}

/* --- files --- */

static int file_close(sqlite3_file *file)
{
    return methods_of(file) ? methods_of(file)->xClose(inner_of(file)) : SQLITE_OK;
}

static int file_read(sqlite3_file *file, void *data, int size, sqlite3_int64 offset)
{
    if (is_hit(FAULT_READ))
        return code_of(SQLITE_IOERR_READ);
    return methods_of(file)->xRead(inner_of(file), data, size, offset);
}

static int file_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset)
{
    gboolean fails = is_hit(FAULT_WRITE);

    if (fails && !current().is_short)
        return code_of(SQLITE_IOERR_WRITE);
    if (fails) {
        methods_of(file)->xWrite(inner_of(file), data, size / 2, offset);
        return code_of(SQLITE_IOERR_WRITE);
    }
    return methods_of(file)->xWrite(inner_of(file), data, size, offset);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    if (is_hit(FAULT_TRUNCATE))
        return code_of(SQLITE_IOERR_TRUNCATE);
    return methods_of(file)->xTruncate(inner_of(file), size);
}

static int file_sync(sqlite3_file *file G_GNUC_UNUSED, int flags G_GNUC_UNUSED)
{
    return is_hit(FAULT_SYNC) ? code_of(SQLITE_IOERR_FSYNC) : SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    if (is_hit(FAULT_SIZE))
        return code_of(SQLITE_IOERR_FSTAT);
    return methods_of(file)->xFileSize(inner_of(file), size);
}

static int file_lock(sqlite3_file *file, int level)
{
    if (is_hit(FAULT_LOCK))
        return code_of(SQLITE_IOERR_LOCK);
    return methods_of(file)->xLock(inner_of(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
    return methods_of(file)->xUnlock(inner_of(file), level);
}

static int file_check_reserved_lock(sqlite3_file *file, int *is_locked)
{
    return methods_of(file)->xCheckReservedLock(inner_of(file), is_locked);
}

static int file_control(sqlite3_file *file, int operation, void *argument)
{
    return methods_of(file)->xFileControl(inner_of(file), operation, argument);
}

static int file_sector_size(sqlite3_file *file)
{
    return methods_of(file)->xSectorSize(inner_of(file));
}

static int file_device_characteristics(sqlite3_file *file)
{
    return methods_of(file)->xDeviceCharacteristics(inner_of(file));
}

static int file_shm_map(sqlite3_file *file, int region, int size, int extend,
                        void volatile **memory)
{
    if (is_hit(FAULT_SHM_MAP))
        return code_of(SQLITE_IOERR_SHMMAP);
    return methods_of(file)->xShmMap(inner_of(file), region, size, extend, memory);
}

/* Letting go of a lock does not fail. */
static int file_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    if ((flags & SQLITE_SHM_LOCK) && is_hit(FAULT_SHM_LOCK))
        return code_of(SQLITE_IOERR_SHMLOCK);
    return methods_of(file)->xShmLock(inner_of(file), offset, count, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
    methods_of(file)->xShmBarrier(inner_of(file));
}

static int file_shm_unmap(sqlite3_file *file, int delete_it)
{
    return methods_of(file)->xShmUnmap(inner_of(file), delete_it);
}

/* Version 2: no memory-mapped files, which would read past us. */
static const sqlite3_io_methods file_methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_reserved_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_device_characteristics,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

/* --- the VFS --- */

static int vfs_open(sqlite3_vfs *vfs G_GNUC_UNUSED, const char *name, sqlite3_file *file, int flags,
                    int *out_flags)
{
    int code;

    file->pMethods = NULL;
    inner_of(file)->pMethods = NULL;
    if (is_hit(FAULT_OPEN))
        return SQLITE_CANTOPEN;
    code = base->xOpen(base, name, inner_of(file), flags, out_flags);
    if (methods_of(file))
        file->pMethods = &file_methods;
    return code;
}

static int vfs_delete(sqlite3_vfs *vfs G_GNUC_UNUSED, const char *name, int sync_folder)
{
    if (is_hit(FAULT_DELETE))
        return code_of(SQLITE_IOERR_DELETE);
    return base->xDelete(base, name, sync_folder);
}

/* --- memory --- */

static sqlite3_mem_methods base_memory;

static void *memory_new(int size)
{
    return is_hit(FAULT_MEMORY) ? NULL : base_memory.xMalloc(size);
}

static void *memory_resize(void *memory, int size)
{
    return is_hit(FAULT_MEMORY) ? NULL : base_memory.xRealloc(memory, size);
}

static void fault_memory_register(void)
{
    sqlite3_mem_methods memory;

    g_assert(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &base_memory) == SQLITE_OK);
    memory = base_memory;
    memory.xMalloc = memory_new;
    memory.xRealloc = memory_resize;
    g_assert(sqlite3_config(SQLITE_CONFIG_MALLOC, &memory) == SQLITE_OK);
}

void fault_vfs_register(void)
{
    static sqlite3_vfs vfs;

    fault_memory_register();

    base = sqlite3_vfs_find(NULL);
    vfs = *base;
    vfs.pNext = NULL;
    vfs.zName = FAULT_VFS;
    vfs.szOsFile = (int)sizeof(FaultFile) + base->szOsFile;
    vfs.xOpen = vfs_open;
    vfs.xDelete = vfs_delete;
    g_assert(sqlite3_vfs_register(&vfs, FALSE) == SQLITE_OK);
}

void fault_vfs_arm(const Fault *fault)
{
    g_mutex_lock(&lock);
    armed = *fault;
    counted = 0;
    g_mutex_unlock(&lock);
}

guint fault_vfs_lift(void)
{
    guint operations;

    g_mutex_lock(&lock);
    armed = (Fault){0};
    operations = counted;
    g_mutex_unlock(&lock);
    return operations;
}
