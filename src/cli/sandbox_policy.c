/* SPDX-License-Identifier: MIT */
/* What a run needs to read and write once its lists and records are open. */
#include "base/alloc.h"
#include "cli/options.h"
#include "cli/printable.h"
#include "cli/sandbox.h"
#include "net/multi.h"
#include "store/dir.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Name resolution, TLS, locales and time zones; whatever is not there says nothing. */
static const char *const system_paths[] = {
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/host.conf",
    "/etc/services",
    "/etc/protocols",
    "/etc/localtime",
    "/etc/ld.so.cache",
    "/etc/ssl",
    "/etc/pki",
    "/etc/ca-certificates",
    "/etc/crypto-policies",
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/nix/store",
    "/gnu/store",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/usr/share/locale",
    "/usr/share/zoneinfo",
    "/run/NetworkManager",
    "/run/nscd",
    "/run/resolvconf",
    "/run/systemd/resolve",
    "/var/lib/sss",
    "/proc/self",
    "/proc/sys/vm",
    "/sys/devices/system/cpu",
    "/dev/random",
    "/dev/urandom",
};

/* Files that libraries are told of by the environment. */
static const char *const named_by_environment[] = {
    "CURL_CA_BUNDLE",
    "LOCPATH",
    "OPENSSL_CONF",
    "OPENSSL_MODULES",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TZDIR",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void read_if(struct sandbox *s, const char *path)
{
    if (path && *path) {
        sandbox_allow_read(s, path);
    }
}

static void allow_system(struct sandbox *s)
{
    const char *file, *dir;
    for (size_t i = 0; i < COUNT(system_paths); i++) {
        sandbox_allow_read(s, system_paths[i]);
    }
    for (size_t i = 0; i < COUNT(named_by_environment); i++) {
        read_if(s, getenv(named_by_environment[i]));
    }
    /* resolv.conf is replaced by a new file when the network changes. Whoever is not root reads
     * nothing in there that others do not. */
    if (geteuid() != 0) {
        sandbox_allow_read(s, "/etc");
    }
    net_authorities(&file, &dir);
    read_if(s, file);
    read_if(s, dir);
    sandbox_allow_write(s, "/dev/null");
}

static void allow_home_netrc(struct sandbox *s)
{
    static const char *const names[] = {"/.netrc", "/_netrc"};
    const char *home = getenv("HOME");
    for (size_t i = 0; home && i < COUNT(names); i++) {
        struct buf path = BUF_INIT;
        buf_adds(&path, home);
        buf_adds(&path, names[i]);
        if (!buf_failed(&path)) {
            sandbox_allow_read(s, path.data);
        }
        buf_fini(&path);
    }
}

static void allow_options(struct sandbox *s, const struct net_options *n)
{
    read_if(s, n->cacert);
    read_if(s, n->cert);
    read_if(s, n->key_file);
    read_if(s, n->netrc_file);
    if (n->netrc && !n->netrc_file) {
        allow_home_netrc(s);
    }
    if (n->cookie_jar) {
        /* only a file that is there can be named; it is written in the end anyway */
        int fd = open(n->cookie_jar, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
        if (fd >= 0) {
            close(fd);
        }
        sandbox_allow_write(s, n->cookie_jar);
    }
}

/* -- where files go ------------------------------------------------------------------------ */

static void allow_target(struct sandbox *s, const char *path, struct buf *say)
{
    sandbox_allow_write(s, path);
    buf_adds(say, say->len > 0 ? ", " : "");
    printable_add(say, path);
}

/* Of an absolute template the directory before its first placeholder; it is made now, since nothing
 * above it may be written. */
static void allow_template(struct sandbox *s, const char *output, struct buf *say)
{
    struct dir *made = NULL;
    size_t len = strcspn(output, "{");
    while (len > 1 && output[len - 1] != '/') {
        len--;
    }
    char *path = mem_dup_bytes(output, len);
    if (path) {
        err_unref(dir_new(path, &made));
        dir_free(made);
        allow_target(s, path, say);
    }
    free(path);
}

static void allow_targets(struct sandbox *s, const struct options *o, struct buf *say)
{
    const char *temporary = getenv("TMPDIR");
    if (!o->session.discard && !o->session.head) {
        allow_target(s, o->store.dir, say);
        if (o->store.absolute) {
            allow_template(s, o->session.output, say);
        }
    }
    for (char *const *dir = o->store.allow_dirs; dir && *dir; dir++) {
        allow_target(s, *dir, say);
    }
    allow_target(s, temporary && *temporary ? temporary : "/tmp", say);
}

void sandbox_confine(const struct options *o, const int *dirs, size_t ndirs, struct buf *say)
{
    struct sandbox *s = o->sandbox ? sandbox_new() : NULL;
    struct buf places = BUF_INIT;
    if (!s) {
        buf_adds(say, o->sandbox ? "sandbox: none, this kernel has no Landlock of ABI 2 or later"
                                 : "sandbox: none (--no-sandbox)");
        return;
    }
    allow_system(s);
    allow_options(s, &o->net);
    allow_targets(s, o, &places);
    for (size_t i = 0; i < ndirs; i++) {
        if (dirs[i] >= 0) {
            sandbox_allow_rename(s, dirs[i]);
        }
    }
    if (sandbox_enter(s)) {
        buf_addf(say, "sandbox: Landlock ABI %d; writes go below %s", sandbox_abi(s),
            buf_failed(&places) || !places.data ? "(?)" : places.data);
    } else {
        buf_adds(say, "sandbox: none, the kernel refuses it");
    }
    buf_fini(&places);
    sandbox_free(s);
}
