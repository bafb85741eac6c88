/* What a C library below a program may do: it maps a file and closes its descriptor, and nobody above knows of either. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

/* Maps the first `length` bytes of a file, shared, for reading and writing. Returns the address; or NULL, and errno says why. */
void *mapper_map(const char *path, size_t length)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *address;
    int saved;

    if (fd < 0)
        return NULL;
    address = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    saved = errno;
    close(fd);
    errno = saved;
    return address == MAP_FAILED ? NULL : address;
}

/* Returns 0; or -1, and errno says why. */
int mapper_unmap(void *address, size_t length)
{
    return munmap(address, length);
}
