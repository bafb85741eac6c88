/* What a program's C library may do: maps a file and closes its descriptor; nobody above knows of either. */
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

/* Returns the address, or 0. */
void *mapper_map(const char *path, size_t length, long offset, int writable)
{
    int fd = open(path, writable ? O_RDWR : O_RDONLY);
    void *address;

    if (fd < 0)
        return NULL;
    address = mmap(NULL, length, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED, fd, offset);
    close(fd);
    return address == MAP_FAILED ? NULL : address;
}

void mapper_unmap(void *address, size_t length)
{
    munmap(address, length);
}

/* Adds one to each of the words, `rounds` times, as native code that knows nothing of leases. */
void mapper_count(volatile long *words, long count, long rounds)
{
    for (long r = 0; r < rounds; r++)
        for (long i = 0; i < count; i++)
            words[i]++;
}
