// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a peer shows of itself: certificates, identity, public keys, signatures.
 *
 * Input: options (1 octet, see below), ID Type (1), length of the ID (1), the
 * ID; then up to the end lengths of two octets, each with so many octets:
 * certificates as the CERT payloads have them.  Each of them is also tried as
 * anything else that comes in DER.
 *
 * Signatures stop a mutated certificate early; trusted as an anchor it gets on.
 *
 * With FUZZ_CERT_SEEDS=FOLDER in the environment it writes what to start from
 * into that folder, and ends.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "../unit/pki.h"
#include "gikev2/gikev2_cert.h"

#define PARTS_MAX (GIKEV2_CERTS_MAX + 2)

enum option {
	CRL_REQUIRED = 1,
	TRUST_FIRST = 2, /* the first certificate is an anchor */
	TRUST_LAST = 4,
	HELP_FIRST = 8, /* it is an intermediate of ours */
	LAST_IS_CRL = 16,
};

#define CHECK(condition)                                                       \
	do {                                                                   \
		if (!(condition)) {                                            \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__,       \
				__LINE__, #condition);                         \
			abort();                                               \
		}                                                              \
	} while (0)

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The same in each run: Ed25519. */
static const struct pki_cert *root, *router;
static struct gikev2_chunk crl;
static struct gikev2_key *key;

/* ---------------------------------------------------------------- checks */

static void check_line(const char *line, size_t size)
{
	size_t len = strnlen(line, size);

	CHECK(len < size);
	for (size_t i = 0; i < len; i++)
		CHECK(isascii(line[i]) && isprint(line[i]));
}

static void try_verify(const struct gikev2_anchors *anchors,
		       const struct gikev2_chunk *parts, size_t count,
		       const struct gikev2_id *id)
{
	char problem[GIKEV2_PROBLEM_MAX];
	struct gikev2_key *found;
	int ret = gikev2_cert_verify(anchors, parts, count, id, PKI_NOW, &found,
				     problem, sizeof(problem));

	check_line(problem, sizeof(problem));
	CHECK((ret == 0) == (found != NULL));
	CHECK((ret == 0) == (*problem == '\0'));
	if (ret == 0) {
		CHECK(gikev2_cert_names(parts[0], id) == 0);
		CHECK(id->type != GIKEV2_ID_KEY_ID && id->len > 0);
		CHECK(!gikev2_key_private(found));
	}
	gikev2_key_free(found);
}

static void try_credential(const struct gikev2_chunk *parts, size_t count)
{
	char problem[GIKEV2_PROBLEM_MAX];
	struct gikev2_credential *credential;
	const struct gikev2_credential *selected;
	struct gikev2_chunk certs[GIKEV2_CERTS_MAX];
	int ret = gikev2_credential_new(key, parts, count, &credential, problem,
					sizeof(problem));

	check_line(problem, sizeof(problem));
	CHECK((ret == 0) == (credential != NULL));
	if (ret == 0) {
		CHECK(gikev2_credential_certs(credential, certs) <= count);
		selected = credential;
		CHECK(gikev2_credential_select(
			      &selected, 1, NULL,
			      count ? parts[count - 1]
				    : (struct gikev2_chunk){ 0 },
			      GIKEV2_HASHES_OWN) == credential);
	}
	gikev2_credential_free(credential);
}

/* What it also might be. */
static void try_part(struct gikev2_chunk part, const struct gikev2_id *id)
{
	struct gikev2_chunk alg_id, signature;
	struct gikev2_cert_info info;
	uint8_t spki[GIKEV2_SPKI_MAX];
	size_t len = sizeof(spki);
	struct gikev2_key *public, *again;
	uint32_t hashes;

	gikev2_cert_names(part, id);
	if (gikev2_cert_get_info(part, &info) == 0)
		check_line(info.subject, sizeof(info.subject));
	gikev2_hash_list_parse(part, &hashes);
	if (gikev2_auth_data_parse(part, &alg_id, &signature) == 0)
		CHECK(gikev2_verify(key, alg_id, GIKEV2_HASHES_OWN, &part, 1,
				    signature) < 0);
	if (gikev2_key_from_spki(part, &public) < 0)
		return;
	CHECK(gikev2_key_spki(public, spki, &len) == 0);
	CHECK(gikev2_key_from_spki((struct gikev2_chunk){ spki, len },
				   &again) == 0);
	CHECK(gikev2_key_equal(public, again));
	gikev2_key_free(public);
	gikev2_key_free(again);
}

static struct gikev2_anchors *
make_anchors(uint8_t options, const struct gikev2_chunk *parts, size_t count)
{
	struct gikev2_anchors *anchors = gikev2_anchors_new();

	CHECK(anchors);
	CHECK(gikev2_anchors_add(anchors, GIKEV2_TRUST_ANCHOR, root->der) == 0);
	CHECK(gikev2_anchors_add(anchors, GIKEV2_TRUST_CRL, crl) == 0);
	gikev2_anchors_require_crl(anchors, options & CRL_REQUIRED);
	if (count && (options & TRUST_FIRST))
		gikev2_anchors_add(anchors, GIKEV2_TRUST_ANCHOR, parts[0]);
	if (count && (options & TRUST_LAST))
		gikev2_anchors_add(anchors, GIKEV2_TRUST_ANCHOR,
				   parts[count - 1]);
	if (count && (options & HELP_FIRST))
		gikev2_anchors_add(anchors, GIKEV2_TRUST_INTERMEDIATE,
				   parts[0]);
	if (count && (options & LAST_IS_CRL))
		gikev2_anchors_add(anchors, GIKEV2_TRUST_CRL, parts[count - 1]);
	return anchors;
}

static size_t split(const uint8_t *data, size_t size,
		    struct gikev2_chunk parts[PARTS_MAX])
{
	size_t count = 0;

	while (size >= 2 && count < PARTS_MAX) {
		size_t len = (size_t)data[0] << 8 | data[1];

		data += 2;
		size -= 2;
		if (len > size)
			len = size;
		parts[count++] = (struct gikev2_chunk){ data, len };
		data += len;
		size -= len;
	}
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gikev2_chunk parts[PARTS_MAX] = { { 0 } };
	struct gikev2_anchors *anchors;
	struct gikev2_id id = { 0 };
	uint8_t options;
	size_t count;

	if (size < 3 || size - 3 < data[2])
		return 0;
	options = data[0];
	id.type = data[1];
	id.len = data[2];
	memcpy(id.data, data + 3, id.len);
	count = split(data + 3 + id.len, size - 3 - id.len, parts);

	anchors = make_anchors(options, parts, count);
	if (count && (options & LAST_IS_CRL))
		count--;
	try_verify(anchors, parts, count, &id);
	gikev2_anchors_free(anchors);
	try_credential(parts, count);
	for (size_t i = 0; i < count; i++)
		try_part(parts[i], &id);
	return 0;
}

/* ------------------------------------------------------------------- seeds */

static void put(FILE *file, struct gikev2_chunk part)
{
	fputc((int)(part.len >> 8), file);
	fputc((int)(part.len & 0xff), file);
	fwrite(part.ptr, 1, part.len, file);
}

static void seed(const char *folder, const char *name, uint8_t options,
		 uint8_t id_type, struct gikev2_chunk id,
		 const struct gikev2_chunk *parts, size_t count)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "wb");
	CHECK(file);
	fputc(options, file);
	fputc(id_type, file);
	fputc((int)id.len, file);
	fwrite(id.ptr, 1, id.len, file);
	for (size_t i = 0; i < count; i++)
		put(file, parts[i]);
	fclose(file);
}

static struct gikev2_chunk text(const char *string)
{
	return (struct gikev2_chunk){ (const uint8_t *)string, strlen(string) };
}

/* One certificate below the root, of each kind of name and key. */
static void seeds_of_one(const char *folder)
{
	const struct {
		const char *name;
		uint8_t id_type;
		struct gikev2_chunk id;
		struct pki_spec spec;
	} rows[] = {
		{ "fqdn",
		  GIKEV2_ID_FQDN,
		  text("r.example"),
		  { .names = "DNS:r.example,DNS:*.example" } },
		{ "email",
		  GIKEV2_ID_RFC822_ADDR,
		  text("a@b.example"),
		  { .names = "email:a@b.example" } },
		{ "ipv4",
		  GIKEV2_ID_IPV4_ADDR,
		  text("\xc0\x01\x02\x03"),
		  { .names = "IP:192.1.2.3" } },
		{ "ipv6",
		  GIKEV2_ID_IPV6_ADDR,
		  text("0123456789abcdef"),
		  { .names = "IP:3031:3233:3435:3637:3839:6162:6364:6566" } },
		{ "dn",
		  GIKEV2_ID_DER_ASN1_DN,
		  pki_name("O=A,CN=b"),
		  { .subject = "O=A,CN=b" } },
		{ "key-id", GIKEV2_ID_KEY_ID, text("b"), { .names = "DNS:b" } },
		{ "nul",
		  GIKEV2_ID_FQDN,
		  text("r.example"),
		  { .dns = { (const uint8_t *)"r.example\0.b", 12 } } },
		{ "usage",
		  GIKEV2_ID_FQDN,
		  text("b"),
		  { .names = "DNS:b",
		    .usage = "digitalSignature",
		    .extended = "1.3.6.1.5.5.7.3.17" } },
		{ "critical",
		  GIKEV2_ID_FQDN,
		  text("b"),
		  { .names = "DNS:b", .critical = "1.2.3.4" } },
		{ "revoked",
		  GIKEV2_ID_FQDN,
		  text("b"),
		  { .names = "DNS:b", .serial = 66 } },
		{ "expired",
		  GIKEV2_ID_FQDN,
		  text("b"),
		  { .names = "DNS:b", .until = PKI_NOW - 1 } },
		{ "subject",
		  GIKEV2_ID_FQDN,
		  text("b"),
		  { .names = "DNS:b", .subject = "CN=\n\xc3\xa4\x1b,O=\"" } },
		{ "p256",
		  GIKEV2_ID_FQDN,
		  text("b"),
		  { .names = "DNS:b", .key = "P-256" } },
		{ "rsa",
		  GIKEV2_ID_FQDN,
		  text("b"),
		  { .names = "DNS:b", .key = "RSA 2048" } },
		{ "pss",
		  GIKEV2_ID_FQDN,
		  text("b"),
		  { .names = "DNS:b", .key = "RSA-PSS 2048 SHA2-256" } },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct pki_cert *cert = pki_issue(root, &rows[i].spec);

		seed(folder, rows[i].name, 0, rows[i].id_type, rows[i].id,
		     &cert->der, 1);
	}
}

static void seeds_of_chains(const char *folder)
{
	const struct pki_cert *ca = pki_ca(root, "CN=CA");
	const struct pki_cert *other = pki_ca(NULL, "CN=Other");
	const struct pki_cert *low = pki_router(ca, "b");
	const struct pki_cert *strange = pki_router(other, "b");
	const struct gikev2_chunk way[] = { low->der, ca->der };
	const struct gikev2_chunk long_way[] = { low->der, other->der, ca->der,
						 root->der };
	const struct gikev2_chunk pair[] = { strange->der, other->der };
	const struct gikev2_chunk with_crl[] = { low->der, ca->der,
						 pki_crl(ca, 0, 0, NULL, 0) };
	const struct gikev2_chunk own[] = { root->der, router->der };

	seed(folder, "way", 0, GIKEV2_ID_FQDN, text("b"), way, 2);
	seed(folder, "long-way", 0, GIKEV2_ID_FQDN, text("b"), long_way, 4);
	seed(folder, "missing", 0, GIKEV2_ID_FQDN, text("b"), way, 1);
	seed(folder, "strange", 0, GIKEV2_ID_FQDN, text("b"), pair, 2);
	seed(folder, "trust-last", TRUST_LAST, GIKEV2_ID_FQDN, text("b"), pair,
	     2);
	seed(folder, "trust-first", TRUST_FIRST, GIKEV2_ID_FQDN, text("b"),
	     pair, 1);
	seed(folder, "help", HELP_FIRST, GIKEV2_ID_FQDN, text("b"), way, 2);
	seed(folder, "no-crl", CRL_REQUIRED, GIKEV2_ID_FQDN, text("b"), way, 2);
	seed(folder, "crl", CRL_REQUIRED | LAST_IS_CRL, GIKEV2_ID_FQDN,
	     text("b"), with_crl, 3);
	seed(folder, "own", 0, GIKEV2_ID_FQDN, text("own.example"), own, 2);
}

/* What is no certificate: public keys, AUTH data. */
static void seeds_of_keys(const char *folder)
{
	static const char *const kinds[] = { "Ed25519", "P-256", "P-384",
					     "RSA 2048",
					     "RSA-PSS 2048 SHA2-256" };
	struct gikev2_chunk parts[6];
	uint8_t data[1 + 7 + 64] = { 7, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70 };
	size_t count = 0;

	for (; count < 5; count++) {
		uint8_t *der = NULL;
		int len = i2d_PUBKEY(pki_key(kinds[count], "seed"), &der);

		CHECK(len > 0);
		parts[count] =
			(struct gikev2_chunk){ pki_keep(der, (size_t)len),
					       (size_t)len };
		OPENSSL_free(der);
	}
	parts[count++] = (struct gikev2_chunk){ data, sizeof(data) };
	seed(folder, "keys", 0, GIKEV2_ID_FQDN, text("b"), parts, count);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const uint32_t revoked = 66;
	const char *folder = getenv("FUZZ_CERT_SEEDS");

	root = pki_ca(NULL, "CN=Root");
	router = pki_router(root, "own.example");
	crl = pki_crl(root, 0, 0, &revoked, 1);
	CHECK(gikev2_key_new(router->key, true, &key) == 0);
	if (!folder)
		return 0;
	seeds_of_one(folder);
	seeds_of_chains(folder);
	seeds_of_keys(folder);
	exit(0);
}
