/* Makes one system call on files of a store fail: preloaded into the program and its workers (see system_calls.rs).
 *
 * FAULT_UNDER    a part of the paths that count
 * FAULT_COUNTER  a file of eight bytes, shared by all processes: how many calls there were
 * FAULT_AT       the number of the call that goes wrong, from 0
 * FAULT_HOW      EIO, ENOSPC, EINTR or SHORT (a write that ends half-way) */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum how { EVERY, WRITES, RESTARTED };
static volatile long *counter;
static long at = -1;
static int error = EIO, brief;
static const char *under;
static char counted[1 << 16];

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
    const char *file = getenv("FAULT_COUNTER"), *how = getenv("FAULT_HOW"), *n = getenv("FAULT_AT");
    under = getenv("FAULT_UNDER");
    if (!file || !how || !n || !under) return;
    int fd = REAL(open64)(file, O_RDWR);
    if (fd < 0) return;
    void *page = mmap(0, 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page != MAP_FAILED) counter = page;
    REAL(close)(fd);
    at = atol(n);
    brief = !strcmp(how, "SHORT");
    error = !strcmp(how, "ENOSPC") ? ENOSPC : !strcmp(how, "EINTR") ? EINTR : EIO;
}

static int ours(const char *path) { return counter && path && strstr(path, under); }
static int known(int fd) { return counter && fd >= 0 && fd < (int)sizeof counted && counted[fd]; }

/* Whether this call, which is counted, is the one; calls that cannot go wrong so are let through. */
static int wrong(enum how kind) {
    if (__atomic_fetch_add(counter, 1, __ATOMIC_SEQ_CST) != at) return 0;
    if (brief) return kind == WRITES;
    if (error == ENOSPC && kind == RESTARTED) return 0;
    if (error == EINTR && kind == EVERY) return 0;
    errno = error;
    return 1;
}

static int opened(int fd, const char *path) {
    if (fd >= 0 && fd < (int)sizeof counted) counted[fd] = ours(path) != 0;
    return fd;
}

#define OPENS(name)                                                                                                    \
    int name(const char *path, int flags, ...) {                                                                       \
        va_list more;                                                                                                  \
        va_start(more, flags);                                                                                         \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;                                        \
        va_end(more);                                                                                                  \
        if (ours(path) && wrong(flags & O_CREAT ? WRITES : RESTARTED) && !brief) return -1;                            \
        return opened(REAL(name)(path, flags, mode), path);                                                            \
    }
OPENS(open)
OPENS(open64)

#define CALL(type, name, declared, given, counts, kind)                                                                \
    type name declared {                                                                                               \
        if ((counts) && wrong(kind) && !brief) return -1;                                                              \
        return REAL(name) given;                                                                                       \
    }
CALL(ssize_t, read, (int fd, void *to, size_t n), (fd, to, n), known(fd), RESTARTED)
CALL(ssize_t, pread64, (int fd, void *to, size_t n, off64_t o), (fd, to, n, o), known(fd), RESTARTED)
CALL(int, fsync, (int fd), (fd), known(fd), EVERY)
CALL(int, fdatasync, (int fd), (fd), known(fd), EVERY)
CALL(int, ftruncate, (int fd, off_t n), (fd, n), known(fd), EVERY)
CALL(int, ftruncate64, (int fd, off64_t n), (fd, n), known(fd), EVERY)
CALL(int, rename, (const char *from, const char *to), (from, to), ours(to), EVERY)
CALL(int, mkdir, (const char *path, mode_t mode), (path, mode), ours(path), EVERY)
CALL(int, unlink, (const char *path), (path), ours(path), EVERY)

#define WRITE(name, declared, given, half)                                                                             \
    ssize_t name declared {                                                                                            \
        if (known(fd) && wrong(WRITES)) {                                                                              \
            if (!brief) return -1;                                                                                     \
            if (n > 1) return REAL(name) half;                                                                                    \
        }                                                                                                              \
        return REAL(name) given;                                                                                       \
    }
WRITE(write, (int fd, const void *from, size_t n), (fd, from, n), (fd, from, n / 2))
WRITE(pwrite, (int fd, const void *from, size_t n, off_t o), (fd, from, n, o), (fd, from, n / 2, o))
WRITE(pwrite64, (int fd, const void *from, size_t n, off64_t o), (fd, from, n, o), (fd, from, n / 2, o))

int close(int fd) {
    if (fd >= 0 && fd < (int)sizeof counted) counted[fd] = 0;
    return REAL(close)(fd);
}
