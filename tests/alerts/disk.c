/* Stands between a program and the files of one folder, loaded by LD_PRELOAD.
 *
 * DISK_FOLDER  the folder whose files are watched; files elsewhere, and those ending in -shm, are left alone
 * DISK_LOG     a file that gets every write, truncation, unlink and sync of them, in order, and whatever goes to
 *              standard output: "what path offset length\n", and after a W or an A so many bytes
 * DISK_FULL    a path: as long as it is there, writes fail with ENOSPC
 * DISK_FAULT   a number n: the n-th sync of a watched file and all after it fail with EIO
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static int syncs;

static int watched(int fd, char *path, size_t size) {
    char link[64];
    const char *folder = getenv("DISK_FOLDER");
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, size - 1);
    if (length < 0 || !folder) return 0;
    path[length] = 0;
    size_t end = strlen(path);
    return !strncmp(path, folder, strlen(folder)) && !(end > 4 && !strcmp(path + end - 4, "-shm"));
}

static void note(char what, const char *path, long long offset, const void *bytes, size_t length) {
    const char *log = getenv("DISK_LOG");
    if (!log) return;
    char head[600];
    int size = snprintf(head, sizeof head, "%c %s %lld %zu\n", what, path, offset, length);
    pthread_mutex_lock(&turn);
    int fd = REAL(open)(log, O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (fd >= 0) {
        ssize_t done = REAL(write)(fd, head, size);
        if (bytes && done == size) done = REAL(write)(fd, bytes, length);
        (void)done;
        close(fd);
    }
    pthread_mutex_unlock(&turn);
}

static int is_full(void) {
    const char *flag = getenv("DISK_FULL");
    return flag && !access(flag, F_OK);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
    char path[512];
    if (watched(fd, path, sizeof path)) {
        if (is_full()) { errno = ENOSPC; return -1; }
        note('W', path, offset, bytes, length);
    }
    return REAL(pwrite64)(fd, bytes, length, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
    return pwrite64(fd, bytes, length, offset);
}

ssize_t write(int fd, const void *bytes, size_t length) {
    char path[512];
    if (fd == 1) note('A', "-", 0, bytes, length);
    else if (watched(fd, path, sizeof path)) {
        if (is_full()) { errno = ENOSPC; return -1; }
        note('W', path, lseek(fd, 0, SEEK_CUR), bytes, length);
    }
    return REAL(write)(fd, bytes, length);
}

static int truncated(int fd, off64_t length, int (*really)(int, off64_t)) {
    char path[512];
    if (watched(fd, path, sizeof path)) note('T', path, length, NULL, 0);
    return really(fd, length);
}

int ftruncate64(int fd, off64_t length) { return truncated(fd, length, REAL(ftruncate64)); }
int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

static int synced(int fd, int (*really)(int)) {
    char path[512];
    if (watched(fd, path, sizeof path)) {
        const char *fault = getenv("DISK_FAULT");
        if (fault && ++syncs >= atoi(fault)) { errno = EIO; return -1; }
        note('S', path, 0, NULL, 0);
    }
    return really(fd);
}

int fsync(int fd) { return synced(fd, REAL(fsync)); }
int fdatasync(int fd) { return synced(fd, REAL(fdatasync)); }

int unlink(const char *path) {
    const char *folder = getenv("DISK_FOLDER");
    if (folder && !strncmp(path, folder, strlen(folder))) note('U', path, 0, NULL, 0);
    return REAL(unlink)(path);
}
