// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is taken from a URI: keys, certificates, CRLs.
 */
#include <openssl/store.h>
#include <openssl/x509.h>

#include "gikev2/gikev2_store.h"
#include "gikev2/gikev2_store_private.h"

#define FILE_MAX (1 << 20)	/* octets of keys or certificates */
#define CRL_FILE_MAX (64 << 20) /* CRLs of public CAs are large */

/* -------------------------------------------------------------------- keys */

static int take_key(struct gikev2_load *load, const OSSL_STORE_INFO *info)
{
	struct gikev2_key **key = load->into;
	EVP_PKEY *pkey = load->secret ? OSSL_STORE_INFO_get0_PKEY(info)
				      : OSSL_STORE_INFO_get0_PUBKEY(info);
	struct gikev2_key *first = *key;
	int ret = gikev2_key_new(pkey, load->secret, key);

	/* tokens may list one key twice */
	if (ret == 0 && first && !gikev2_key_equal(first, *key))
		ret = gikev2_load_fail(
			load, GIKEV2_ERR_NO_CREDENTIAL,
			"is more than one: the URI must name one alone");
	else if (ret == -GIKEV2_ERR_KEY_REFUSED)
		gikev2_load_fail(
			load, -ret,
			"is not accepted: Ed25519, ECDSA on P-256 or P-384, RSA of %d to %d bits are",
			GIKEV2_RSA_BITS_MIN, GIKEV2_RSA_BITS_MAX);
	gikev2_key_free(first);
	return ret;
}

static int load_key(struct gikev2_load *load, struct gikev2_key **key)
{
	int ret;

	*key = NULL;
	load->take = take_key;
	load->into = key;
	load->file_max = FILE_MAX;
	ret = gikev2_load(load);
	if (ret < 0) {
		gikev2_key_free(*key);
		*key = NULL;
	}
	return ret;
}

int gikev2_store_private_key(const char *uri, gikev2_passphrase_fn passphrase,
			     void *arg, struct gikev2_key **key, char *problem,
			     size_t size)
{
	struct gikev2_load load = {
		.uri = uri,
		.what = "private key",
		.type = OSSL_STORE_INFO_PKEY,
		.secret = true,
		.passphrase = passphrase,
		.arg = arg,
		.problem = problem,
		.size = size,
	};

	return load_key(&load, key);
}

int gikev2_store_public_key(const char *uri, struct gikev2_key **key,
			    char *problem, size_t size)
{
	struct gikev2_load load = {
		.uri = uri,
		.what = "public key",
		.type = OSSL_STORE_INFO_PUBKEY,
		.problem = problem,
		.size = size,
	};

	return load_key(&load, key);
}

/* ------------------------------------------------------ certificates, CRLs */

struct cert_list {
	struct gikev2_chunk certs[GIKEV2_CERTS_MAX]; /* of OpenSSL's memory */
	size_t count;
};

static int take_cert(struct gikev2_load *load, const OSSL_STORE_INFO *info)
{
	struct cert_list *list = load->into;
	uint8_t *der = NULL;
	int len;

	if (list->count == GIKEV2_CERTS_MAX)
		return gikev2_load_fail(
			load, GIKEV2_ERR_LIMIT,
			"is a chain of more than %d certificates: leave out what peers have",
			GIKEV2_CERTS_MAX);
	len = i2d_X509(OSSL_STORE_INFO_get0_CERT(info), &der);
	if (len < 0)
		return gikev2_load_fail(load, GIKEV2_ERR_CERT_MALFORMED,
					"is malformed");
	list->certs[list->count++] = (struct gikev2_chunk){ der, (size_t)len };
	return 0;
}

/* The key is loaded; now what goes with it. */
static int add_certs(struct gikev2_load *load, const struct gikev2_key *key,
		     struct gikev2_credential **credential)
{
	struct cert_list *list = load->into;
	char why[GIKEV2_PROBLEM_MAX];
	int ret = 0;

	if (load->uri)
		ret = gikev2_load(load);
	if (ret < 0)
		return ret;
	ret = gikev2_credential_new(key, list->certs, list->count, credential,
				    why, sizeof(why));
	if (ret < 0)
		gikev2_load_fail(load, -ret,
				 "does not go with the private key: %s", why);
	return ret;
}

int gikev2_store_credential(const char *key_uri, const char *cert_uri,
			    gikev2_passphrase_fn passphrase, void *arg,
			    struct gikev2_credential **credential,
			    char *problem, size_t size)
{
	struct cert_list list = { .count = 0 };
	struct gikev2_load load = {
		.uri = cert_uri,
		.what = "certificate",
		.type = OSSL_STORE_INFO_CERT,
		.file_max = FILE_MAX,
		.take = take_cert,
		.into = &list,
		.passphrase = passphrase,
		.arg = arg,
		.problem = problem,
		.size = size,
	};
	struct gikev2_key *key;
	int ret;

	*credential = NULL;
	ret = gikev2_store_private_key(key_uri, passphrase, arg, &key, problem,
				       size);
	if (ret == 0)
		ret = add_certs(&load, key, credential);
	gikev2_key_free(key);
	for (size_t i = 0; i < list.count; i++)
		OPENSSL_free((void *)list.certs[i].ptr);
	return ret;
}

struct trust {
	struct gikev2_anchors *anchors;
	enum gikev2_trust kind;
};

static int take_trust(struct gikev2_load *load, const OSSL_STORE_INFO *info)
{
	const struct trust *trust = load->into;
	uint8_t *der = NULL;
	int len = load->type == OSSL_STORE_INFO_CRL
			  ? i2d_X509_CRL(OSSL_STORE_INFO_get0_CRL(info), &der)
			  : i2d_X509(OSSL_STORE_INFO_get0_CERT(info), &der);
	int ret = -GIKEV2_ERR_CERT_MALFORMED;

	if (len > 0)
		ret = gikev2_anchors_add(trust->anchors, trust->kind,
					 (struct gikev2_chunk){ der,
								(size_t)len });
	OPENSSL_free(der);
	if (ret == -GIKEV2_ERR_LIMIT)
		return gikev2_load_fail(
			load, GIKEV2_ERR_LIMIT,
			"is one too many: at most %d of a kind are taken",
			GIKEV2_ANCHORS_MAX);
	if (ret < 0)
		return gikev2_load_fail(load, -ret, "cannot be used: %s",
					gikev2_err_text(ret));
	return 0;
}

int gikev2_store_trust(const char *uri, enum gikev2_trust kind,
		       struct gikev2_anchors *anchors, char *problem,
		       size_t size)
{
	static const char *const names[GIKEV2_TRUST_KINDS] = {
		[GIKEV2_TRUST_ANCHOR] = "trust anchor",
		[GIKEV2_TRUST_INTERMEDIATE] = "CA certificate",
		[GIKEV2_TRUST_CRL] = "CRL",
	};
	struct trust trust = { anchors, kind };
	bool crl = kind == GIKEV2_TRUST_CRL;
	struct gikev2_load load = {
		.uri = uri,
		.what = names[kind],
		.type = crl ? OSSL_STORE_INFO_CRL : OSSL_STORE_INFO_CERT,
		.file_max = crl ? CRL_FILE_MAX : FILE_MAX,
		.take = take_trust,
		.into = &trust,
		.problem = problem,
		.size = size,
	};

	return gikev2_load(&load);
}
