/* What contexts of both ends are made of: versions, certificates with their keys, commands of
 * openssl.cnf. Where false is returned and nothing said of a failure, OpenSSL's error queue has the
 * reason. */
#ifndef NET_TLS_MATERIAL_H
#define NET_TLS_MATERIAL_H

#include "log/failure.h"
#include "net/secrets.h"
#include "table/table.h"

#include <openssl/ssl.h>

/* The content of the file that a table names `path`, to be read by OpenSSL; NULL when there is none
 * or no memory. */
BIO *tls_material_open(const struct secrets *secrets, struct slice path);

/* Allows the versions listed, and no other. */
void tls_use_versions(SSL_CTX *ssl, const struct table *table, struct table_range names);

/* A certificate and the chain behind it, instead of what there is for that kind of key. `content`
 * may be NULL: that is an error, too. */
__attribute__((warn_unused_result)) bool tls_use_chain(SSL_CTX *ssl, BIO *content);

/* The private key of the certificate used last. Each line of `passwords` is tried; without data a
 * key with a password is an error. */
__attribute__((warn_unused_result)) bool tls_use_key(SSL_CTX *ssl, BIO *content,
                                                     struct slice passwords);

/* Commands as "NAME VALUE"; `flags` are those of SSL_CONF_CTX for the end of the connection. What
 * is wrong is in `failure`, with the directive. */
__attribute__((warn_unused_result)) bool
tls_run_commands(SSL_CTX *ssl, unsigned flags, const char *directive, const struct table *table,
                 struct table_range commands, struct failure *failure);

/* "DIRECTIVE "VALUE": what OpenSSL says"; always false. */
bool tls_material_fail(struct failure *failure, const char *directive, struct slice value);

#endif
