/* A machine with pages of 64 KiB, as far as a program can tell: preloaded, it answers for the page size, places what is mapped at
 * multiples of it, and refuses to protect from any other address, as such a kernel does. `tests/cross.sh` runs programs under it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE ((uintptr_t)65536)
#define UP(n) (((uintptr_t)(n) + PAGE - 1) & ~(PAGE - 1))

long sysconf(int name) {
    static long (*next)(int);
    if (name == _SC_PAGESIZE) return PAGE;
    if (!next) next = (long (*)(int))dlsym(RTLD_NEXT, "sysconf");
    return next(name);
}

int getpagesize(void) { return PAGE; }

void *mmap(void *at, size_t length, int protection, int flags, int file, off_t offset) {
    if ((uintptr_t)offset % PAGE || ((flags & MAP_FIXED) && (uintptr_t)at % PAGE)) {
        errno = EINVAL;
        return MAP_FAILED;
    }
    if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) return (void *)syscall(SYS_mmap, at, length, protection, flags, file, offset);
    if (flags & MAP_ANONYMOUS) length = UP(length);
    /* Room for a multiple of the page size, found first. */
    size_t whole = UP(length) + PAGE;
    char *room = (char *)syscall(SYS_mmap, 0, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED) return MAP_FAILED;
    char *start = (char *)UP(room), *end = start + UP(length);
    if (start > room) munmap(room, start - room);
    if (room + whole > end) munmap(end, room + whole - end);
    return (void *)syscall(SYS_mmap, start, length, protection, flags | MAP_FIXED, file, offset);
}

void *mmap64(void *at, size_t length, int protection, int flags, int file, off_t offset) {
    return mmap(at, length, protection, flags, file, offset);
}

int mprotect(void *at, size_t length, int protection) {
    if ((uintptr_t)at % PAGE) {
        errno = EINVAL;
        return -1;
    }
    return syscall(SYS_mprotect, at, UP(length), protection);
}
