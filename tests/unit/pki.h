// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A certification authority for tests.  All it makes is the same in each run as
 * far as it is signed with Ed25519, and none of it expires: time is an argument
 * of what is tested.
 *
 * What fails here ends the program.  pki_clear() frees all that was made.
 */
#ifndef PKI_H
#define PKI_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/types.h>

#include "gikev2/gikev2_crypto.h" /* struct gikev2_chunk */

/* Seconds since 1970: certificates are valid from 2030 to 2040 when not told
 * otherwise, and it is 2035. */
#define PKI_FROM INT64_C(1893456000)
#define PKI_NOW INT64_C(2051222400)
#define PKI_UNTIL INT64_C(2208988800)

/* "Ed25519", always the same for a seed; "P-256", "P-384", "P-521", "Ed448",
 * "secp256k1", "P-256 spelled out"; "RSA 2048" or "RSA-PSS 2048" with any size,
 * "RSA-PSS 2048 SHA2-256" for that hash alone.  Made once for each (kind,
 * seed); the reference is not the caller's. */
EVP_PKEY *pki_key(const char *kind, const char *seed);

struct pki_spec {
	const char *subject; /* "O=Example,CN=r1"; NULL: empty */
	const char *names;   /* "DNS:r1.example.net,IP:192.0.2.1"; NULL: none */
	struct gikev2_chunk dns; /* one more dNSName, of any octets */
	const char *basic;	 /* "critical,CA:TRUE,pathlen:0" */
	const char *usage;	 /* "critical,digitalSignature" */
	const char *extended;	 /* "1.3.6.1.5.5.7.3.17" */
	const char *critical;	 /* OID of an extension that nobody knows */
	const char *constraints; /* nameConstraints */
	const char *key;	 /* kind; NULL: Ed25519 */
	const char *digest;	 /* of the signature; NULL: SHA2-256 */
	int64_t from, until;	 /* 0: see above */
	uint32_t serial;	 /* 0: 1 */
	bool version_1;
};

struct pki_cert {
	struct pki_cert *next;
	X509 *x509;
	EVP_PKEY *key;
	struct gikev2_chunk der;
};

/* issuer NULL: self-signed.  `spec` need not outlive the call. */
const struct pki_cert *pki_issue(const struct pki_cert *issuer,
				 const struct pki_spec *spec);

/* CAs with what RFC 5280 wants of them, and a router with one dNSName. */
const struct pki_cert *pki_ca(const struct pki_cert *issuer,
			      const char *subject);
const struct pki_cert *pki_router(const struct pki_cert *issuer,
				  const char *name);

/* With up to `count` revoked serial numbers; from, until: 0 as above. */
struct gikev2_chunk pki_crl(const struct pki_cert *issuer, int64_t from,
			    int64_t until, const uint32_t *serials,
			    size_t count);

/* DER of a name like that of struct pki_spec. */
struct gikev2_chunk pki_name(const char *subject);

/* One that tells of some reasons for revocation only. */
struct gikev2_chunk pki_crl_of_reasons(const struct pki_cert *issuer);

/* Octets that live until pki_clear(); one zero octet follows them, for tests of
 * what is too long. */
uint8_t *pki_keep(const void *octets, size_t len);

void pki_clear(void);

#endif /* PKI_H */
