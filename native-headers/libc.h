/*
 * The C library calls this project uses: the environment before a library loads, the file a bound
 * symbol came from, and pages for guard tests. Values of the MAP_ constants are Linux's.
 */
#ifndef GATUN_LIBC_H
#define GATUN_LIBC_H

/* Eight bytes wherever this project runs, where `unsigned long` would have four on Windows. */
typedef unsigned long long size_t;
typedef long long off_t;

struct Dl_info {
  const char *dli_fname;
  void *dli_fbase;
  const char *dli_sname;
  void *dli_saddr;
};

int setenv(const char *name, const char *value, int overwrite);
char *getenv(const char *name);

/* Not 0 when found; dli_fname is the file as it was given to the loader. */
int dladdr(const void *addr, struct Dl_info *info);

#define PROT_NONE 0
#define PROT_READ 1
#define PROT_WRITE 2
#define MAP_PRIVATE 2
#define MAP_ANONYMOUS 32

void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset);
int mprotect(void *addr, size_t len, int prot);
int munmap(void *addr, size_t length);

#endif
