/* fuzz: runtime -max_len=4096 */
/* Files of passwords: the first byte is how long the user's name is, the second how long the pieces
 * are that the file comes in; pieces give what the whole gives. What is found can be checked,
 * unless that takes long by design: hashes that crypt(3) knows are left alone. */
#include "fuzz.h"

#include "http/password_file.h"
#include "http/password_hash.h"

#include <string.h>

static bool search_pieces(struct http_password_search *search, struct slice user, struct slice file,
                          size_t piece) {
    http_password_search_begin(search, user);
    while (file.size > 0) {
        struct slice part = slice_take(file, piece);
        char *copy = copy_input((const uint8_t *)part.data, part.size);
        bool is_found = http_password_search_feed(search, (struct slice){copy, part.size});
        free(copy);
        if (is_found) {
            return true;
        }
        file = slice_skip(file, part.size);
    }
    return http_password_search_end(search);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct http_password_search whole;
    static struct http_password_search pieces;
    if (size < 3) {
        return 0;
    }
    struct slice rest = {(const char *)data + 2, size - 2};
    struct slice user = slice_take(rest, data[0] % 16 + 1u);
    struct slice file = slice_skip(rest, user.size);
    if (memchr(user.data, ':', user.size) != NULL) {
        return 0;
    }
    bool is_found = search_pieces(&whole, user, file, file.size + 1);
    require(is_found == search_pieces(&pieces, user, file, data[1] % 64 + 1u));
    require(!is_found || strcmp(whole.hash, pieces.hash) == 0);
    if (is_found && (whole.hash[0] == '{' || strncmp(whole.hash, "$apr1$", 6) == 0)) {
        (void)http_password_check("password", whole.hash);
    }
    return 0;
}
