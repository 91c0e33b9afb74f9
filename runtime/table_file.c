/* Loading a table file. */
#include "table_file.h"

#include "table/signature.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail_system(struct failure *failure, const char *path, int error) {
    return failure_set(failure, "%s: %s", path, strerror(error));
}

/* Within the kernel: through a mapping every page would be a fault. */
static bool copy_all(int memory, int source, size_t size, const char *path,
                     struct failure *failure) {
    size_t done = 0;
    while (done < size) {
        ssize_t copied = sendfile(memory, source, NULL, size - done);
        if (copied < 0 && errno == EINTR) {
            continue;
        }
        if (copied < 0) {
            return fail_system(failure, path, errno);
        }
        if (copied == 0) {
            return failure_set(failure, "%s: became shorter while it was read", path);
        }
        done += (size_t)copied;
    }
    return true;
}

static bool copy_into(int memory, int source, size_t size, const char *path,
                      struct failure *failure) {
    int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    if (!copy_all(memory, source, size, path, failure)) {
        return false;
    }
    return fcntl(memory, F_ADD_SEALS, seals) == 0 || fail_system(failure, path, errno);
}

static bool find_size(int source, const char *path, size_t *size, struct failure *failure) {
    struct stat status;
    if (fstat(source, &status) != 0) {
        return fail_system(failure, path, errno);
    }
    if (!S_ISREG(status.st_mode)) {
        return failure_set(failure, "%s: not a table: it is not a regular file", path);
    }
    if (status.st_size <= 0) {
        return failure_set(failure, "%s: not a table: it is empty", path);
    }
    *size = (size_t)status.st_size;
    return true;
}

/* Returns the sealed copy, or -1. */
static int copy_file(int source, const char *path, size_t *size, struct failure *failure) {
    if (!find_size(source, path, size, failure)) {
        return -1;
    }
    int memory = memfd_create("rpcd-table", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (memory < 0) {
        fail_system(failure, path, errno);
        return -1;
    }
    if (!copy_into(memory, source, *size, path, failure)) {
        close(memory);
        return -1;
    }
    return memory;
}

/* Tells what is no table at all and what another version made from what is damaged. */
static bool fail_table(struct failure *failure, const char *path, const struct table_error *error) {
    static const char *const other_version[] = {"byte_order", "version", "layout"};
    char reason[256];
    table_error_format(error, reason, sizeof reason);
    bool is_header =
        error->section != NULL && strcmp(error->section, "header") == 0 && error->field != NULL;
    if (is_header && strcmp(error->field, "magic") == 0) {
        return failure_set(failure, "%s: not a table: %s", path, reason);
    }
    for (size_t i = 0; i < sizeof other_version / sizeof other_version[0]; i++) {
        if (is_header && strcmp(error->field, other_version[i]) == 0) {
            return failure_set(
                failure, "%s: a table of another version: %s; compile it with rpc " RPC_VERSION,
                path, reason);
        }
    }
    return failure_set(failure, "%s: a damaged table: %s", path, reason);
}

/* Before anything else reads the bytes: those that nobody trusted has signed are not even parsed.
 */
static bool verify(const struct table_file *file, const char *path,
                   const struct table_keys *trusted_keys, struct failure *failure) {
    if (trusted_keys == NULL) {
        return true;
    }
    enum table_trust trust = table_verify(trusted_keys, file->mapping, file->size);
    return trust == TABLE_TRUSTED ||
           failure_set(failure, "%s: not to be trusted: it %s", path, table_trust_text(trust));
}

static bool validate(struct table_file *file, const char *path, struct failure *failure) {
    struct table_error error;
    return table_open(&file->table, file->mapping, file->size, &error) ||
           fail_table(failure, path, &error);
}

static bool map_and_check(struct table_file *file, const char *path,
                          const struct table_keys *trusted_keys, struct failure *failure) {
    file->mapping = mmap(NULL, file->size, PROT_READ, MAP_SHARED, file->descriptor, 0);
    if (file->mapping == MAP_FAILED) {
        return fail_system(failure, path, errno);
    }
    if (!verify(file, path, trusted_keys, failure) || !validate(file, path, failure)) {
        munmap(file->mapping, file->size);
        return false;
    }
    return true;
}

bool table_file_open(struct table_file *file, const char *path,
                     const struct table_keys *trusted_keys, struct failure *failure) {
    int source = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (source < 0) {
        return fail_system(failure, path, errno);
    }
    file->descriptor = copy_file(source, path, &file->size, failure);
    close(source);
    if (file->descriptor < 0) {
        return false;
    }
    if (!map_and_check(file, path, trusted_keys, failure)) {
        close(file->descriptor);
        return false;
    }
    return true;
}

void table_file_close(struct table_file *file) {
    munmap(file->mapping, file->size);
    close(file->descriptor);
}
