/* SPDX-License-Identifier: MIT */
#include "cli/sandbox.h"

#include "base/alloc.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__linux__) && __has_include(<linux/landlock.h>)

#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* Of headers older than the kernel. */
#define FS_REFER     (UINT64_C(1) << 13) /* ABI 2 */
#define FS_TRUNCATE  (UINT64_C(1) << 14) /* ABI 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15) /* ABI 5 */

#define FS_ABI_1  ((UINT64_C(1) << 13) - 1)
#define FS_READ   (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_RENAME (LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE)
/* Neither running programs nor making devices, sockets, FIFOs. */
#define FS_WRITE                                                                                   \
    (FS_READ | FS_RENAME | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |         \
        LANDLOCK_ACCESS_FS_MAKE_DIR | FS_REFER | FS_TRUNCATE)
#define FS_OF_FILES                                                                                \
    (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE | FS_IOCTL_DEV)

struct sandbox {
    int abi, ruleset; /* ruleset: owned */
    uint64_t handled;
};

static uint64_t handled_by(int abi)
{
    uint64_t handled = FS_ABI_1 | FS_REFER;
    handled |= abi >= 3 ? FS_TRUNCATE : 0;
    handled |= abi >= 5 ? FS_IOCTL_DEV : 0;
    return handled;
}

struct sandbox *sandbox_new(void)
{
    long abi =
        syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);
    struct sandbox *s = abi >= 2 ? mem_new(sizeof(*s)) : NULL;
    if (!s) {
        return NULL;
    }
    s->abi = (int)abi;
    s->handled = handled_by(s->abi);
    struct landlock_ruleset_attr attr = {.handled_access_fs = s->handled};
    s->ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
    if (s->ruleset < 0) {
        free(s);
        return NULL;
    }
    return s;
}

void sandbox_free(struct sandbox *s)
{
    if (s) {
        close(s->ruleset);
        free(s);
    }
}

static void allow(struct sandbox *s, int fd, uint64_t access)
{
    struct stat st;
    if (fstat(fd, &st) < 0) {
        return;
    }
    struct landlock_path_beneath_attr attr = {
        .allowed_access = access & s->handled & (S_ISDIR(st.st_mode) ? UINT64_MAX : FS_OF_FILES),
        .parent_fd = fd,
    };
    (void)syscall(SYS_landlock_add_rule, s->ruleset, LANDLOCK_RULE_PATH_BENEATH, &attr, 0);
}

static void allow_path(struct sandbox *s, const char *path, uint64_t access)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd >= 0) {
        allow(s, fd, access);
        close(fd);
    }
}

void sandbox_allow_read(struct sandbox *s, const char *path)
{
    allow_path(s, path, FS_READ);
}

void sandbox_allow_write(struct sandbox *s, const char *path)
{
    allow_path(s, path, FS_WRITE);
}

void sandbox_allow_rename(struct sandbox *s, int dir)
{
    allow(s, dir, FS_RENAME);
}

bool sandbox_enter(struct sandbox *s)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           syscall(SYS_landlock_restrict_self, s->ruleset, 0) == 0;
}

int sandbox_abi(const struct sandbox *s)
{
    return s->abi;
}

#else

struct sandbox *sandbox_new(void)
{
    return NULL;
}

void sandbox_free(struct sandbox *s)
{
    (void)s;
}

void sandbox_allow_read(struct sandbox *s, const char *path)
{
    (void)s;
    (void)path;
}

void sandbox_allow_write(struct sandbox *s, const char *path)
{
    (void)s;
    (void)path;
}

void sandbox_allow_rename(struct sandbox *s, int dir)
{
    (void)s;
    (void)dir;
}

bool sandbox_enter(struct sandbox *s)
{
    (void)s;
    return false;
}

int sandbox_abi(const struct sandbox *s)
{
    (void)s;
    return 0;
}

#endif
