/* Whether a backend's certificate is good for the name it was asked for, judged within the
 * handshake: a backend that is not who it should be gets neither a request nor a certificate of
 * ours. */
#include "net/tls_internal.h"

#include "base/ip.h"

#include <openssl/x509v3.h>

/* An IPv6 address may have brackets, as in a URL. */
static size_t parse_address(struct slice name, uint8_t bytes[IP_V6_SIZE]) {
    if (ip_parse_v4(name, bytes)) {
        return IP_V4_SIZE;
    }
    if (name.size > 2 && name.data[0] == '[' && name.data[name.size - 1] == ']') {
        name = (struct slice){name.data + 1, name.size - 2};
    }
    return ip_parse_v6(name, bytes) ? IP_V6_SIZE : 0;
}

/* nginx compares an address with the names of a certificate alone; those of its own kind count
 * here, too. */
static bool has_name(X509 *certificate, struct slice name) {
    uint8_t address[IP_V6_SIZE];
    size_t address_size = parse_address(name, address);
    if (address_size > 0 && X509_check_ip(certificate, address, address_size, 0) == 1) {
        return true;
    }
    return name.size > 0 && X509_check_host(certificate, name.data, name.size, 0, NULL) == 1;
}

int tls_verify_certificate(X509_STORE_CTX *chain, void *unused) {
    (void)unused;
    int result = X509_verify_cert(chain);
    if (result <= 0) {
        return result;
    }
    const SSL *ssl = X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx());
    if (!has_name(X509_STORE_CTX_get0_cert(chain), tls_client_name(ssl))) {
        X509_STORE_CTX_set_error(chain, X509_V_ERR_HOSTNAME_MISMATCH);
        return 0;
    }
    return 1;
}
