/* Hashes of keys and clients. What is expected is what nginx 1.22 picks for the same keys and
 * clients among servers a to d with weights 1, 3, 1 and 2. */
#include "unit.h"

#include "balance/hashing.h"

#include <arpa/inet.h>
#include <stdio.h>

enum { KEYS = 60, TOTAL_WEIGHT = 7 };

static char server_of(uint32_t hash) {
    return "abbbcdd"[hash % TOTAL_WEIGHT];
}

static void keys_get_where_nginx_puts_them(void) {
    static const char expected[] = "abbbbccbddacbdbcdadbabdacbbbbcabdabcccbdcdccdddbcbcbbcbbbdab";
    for (int i = 0; i < KEYS; i++) {
        char key[16];
        int size = snprintf(key, sizeof key, "key%d", i);
        CU_ASSERT_EQUAL(server_of(balance_hash_key((struct slice){key, (size_t)size}, 0)),
                        expected[i]);
    }
}

/* The same with b down: attempts add up until another server is hit. */
static void further_attempts_are_nginxs(void) {
    static const char expected[] = "accdaccdddacddacdaddacdacdddacaadadcccddcdccdddccdcdacccddaa";
    for (int i = 0; i < KEYS; i++) {
        char text[16];
        int size = snprintf(text, sizeof text, "key%d", i);
        struct slice key = {text, (size_t)size};
        uint32_t hash = balance_hash_key(key, 0);
        for (uint32_t attempt = 1; server_of(hash) == 'b'; attempt++) {
            hash += balance_hash_key(key, attempt);
        }
        CU_ASSERT_EQUAL(server_of(hash), expected[i]);
    }
}

static char server_of_client(int family, const char *text, char down) {
    unsigned char address[16];
    CU_ASSERT_EQUAL_FATAL(inet_pton(family, text, address), 1);
    struct slice client = {(const char *)address, family == AF_INET ? 4 : 16};
    uint32_t hash = BALANCE_CLIENT_HASH;
    do {
        hash = balance_hash_client(hash, client);
    } while (server_of(hash) == down);
    return server_of(hash);
}

static void clients_get_where_nginx_puts_them(void) {
    static const char all[] = "bdbdbdbcadbdbdbcadbdbdbcadbdbdbcabbdbbdbdbbcabdbdbbcabdbdbbc";
    static const char without[] = "ddcddddcadddadccadddddacadddcddcadadcddcdcdcaadcdcacaddddddc";
    for (int i = 0; i < KEYS; i++) {
        char text[32];
        snprintf(text, sizeof text, "10.%d.%d.%d", i * 7 % 256, i * 31 % 256, i);
        CU_ASSERT_EQUAL(server_of_client(AF_INET, text, 0), all[i]);
        CU_ASSERT_EQUAL(server_of_client(AF_INET, text, 'b'), without[i]);
    }
}

static void clients_of_ipv6_count_whole(void) {
    static const char all[] = "bdddbaabdddbaabdbcaddacabcbbbdcddbbddddbcdababbdbdbddbccbabc";
    static const char without[] = "addddaaaddddaacddcaddacadcddddcddcddddddcdaaadddaddddccccadc";
    for (int i = 0; i < KEYS; i++) {
        char text[64];
        snprintf(text, sizeof text, "2001:db8::%x:%x", (unsigned)i, (unsigned)(i * i));
        CU_ASSERT_EQUAL(server_of_client(AF_INET6, text, 0), all[i]);
        CU_ASSERT_EQUAL(server_of_client(AF_INET6, text, 'b'), without[i]);
    }
}

static void networks_and_sockets_are_alike(void) {
    struct slice first = SLICE("\12\1\2\3");
    struct slice second = SLICE("\12\1\2\377");
    CU_ASSERT_EQUAL(balance_hash_client(89, first), balance_hash_client(89, second));
    CU_ASSERT_NOT_EQUAL(balance_hash_client(89, first),
                        balance_hash_client(89, SLICE("\12\1\3\3")));
    CU_ASSERT_EQUAL(balance_hash_client(89, SLICE("")), balance_hash_client(89, SLICE("\0\0\0\1")));
}

static void the_crc_is_the_usual_one(void) {
    CU_ASSERT_EQUAL(balance_crc32(SLICE("123456789")), 0xcbf43926u);
    CU_ASSERT_EQUAL(balance_crc32(SLICE("")), 0);
}

UNIT_TESTS("balance/hashing", {"keys get where nginx puts them", keys_get_where_nginx_puts_them},
           {"further attempts are nginx's", further_attempts_are_nginxs},
           {"clients get where nginx puts them", clients_get_where_nginx_puts_them},
           {"clients of IPv6 count whole", clients_of_ipv6_count_whole},
           {"networks and sockets are alike", networks_and_sockets_are_alike},
           {"the CRC is the usual one", the_crc_is_the_usual_one})
