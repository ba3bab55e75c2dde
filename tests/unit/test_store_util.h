// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What tests of gikev2_store.h share: a PKI, one file to put things into, and a
 * token.
 */
#ifndef TEST_STORE_UTIL_H
#define TEST_STORE_UTIL_H

#include <ctype.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/ui.h>
#include <openssl/x509.h>

#include "gikev2/gikev2_store.h"
#include "pki.h"
#include "store_token.h"
#include "test_util.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static char folder[] = "/tmp/test_store.XXXXXX";
static char path[sizeof(folder) + 16];
static char problem[GIKEV2_PROBLEM_MAX];
static const struct pki_cert *root, *ca, *router;
static OSSL_PROVIDER *token;
static UI_METHOD *terminal;
static unsigned int terminal_asked;

/* -------------------------------------------------------------------- files */

static inline void put(const void *octets, size_t len, mode_t mode)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, octets, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

/* What is in `bio`, which is freed. */
static inline void put_bio(BIO *bio, mode_t mode)
{
	char *octets;
	long len = BIO_get_mem_data(bio, &octets);

	assert_true(len > 0);
	put(octets, (size_t)len, mode);
	BIO_free(bio);
}

static inline void pem_cert(BIO *bio, const struct pki_cert *cert)
{
	assert_int_equal(PEM_write_bio_X509(bio, cert->x509), 1);
}

static inline void pem_key(BIO *bio, const struct pki_cert *cert)
{
	assert_int_equal(PEM_write_bio_PrivateKey(bio, cert->key, NULL, NULL, 0,
						  NULL, NULL),
			 1);
}

static inline void put_key(const struct pki_cert *cert, mode_t mode)
{
	BIO *bio = BIO_new(BIO_s_mem());

	pem_key(bio, cert);
	put_bio(bio, mode);
}

static inline void put_certs(const struct pki_cert *const *certs, size_t count)
{
	BIO *bio = BIO_new(BIO_s_mem());

	for (size_t i = 0; i < count; i++)
		pem_cert(bio, certs[i]);
	put_bio(bio, 0644);
}

static inline void put_pkcs12(const char *passphrase)
{
	PKCS12 *p12 = PKCS12_create(passphrase, "r1", router->key, router->x509,
				    NULL, 0, 0, 0, 0, 0);
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(i2d_PKCS12_bio(bio, p12), 1);
	PKCS12_free(p12);
	put_bio(bio, 0600);
}

/* In place of a terminal, which a test run may have or not. */
static inline int terminal_reader(UI *ui, UI_STRING *question)
{
	terminal_asked++;
	return UI_set_result(ui, question, TOKEN_PIN) == 0;
}

static inline int group_setup(void **state)
{
	struct gikev2_chunk *der = &token_key;
	uint8_t *key_der = NULL;
	PKCS8_PRIV_KEY_INFO *info;
	int len;

	terminal = UI_create_method("terminal");
	UI_method_set_reader(terminal, terminal_reader);
	UI_set_default_method(terminal);
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/file", folder);
	root = pki_ca(NULL, "O=Example,CN=Root");
	ca = pki_ca(root, "O=Example,CN=CA");
	router = pki_router(ca, "r1.example.net");
	info = EVP_PKEY2PKCS8(router->key);
	len = i2d_PKCS8_PRIV_KEY_INFO(info, &key_der);
	*der = (struct gikev2_chunk){ pki_keep(key_der, (size_t)len),
				      (size_t)len };
	token_cert = router->der;
	OPENSSL_free(key_der);
	PKCS8_PRIV_KEY_INFO_free(info);
	token = token_activate();
	return token ? 0 : -1;
}

static inline int group_teardown(void **state)
{
	pki_clear();
	OSSL_PROVIDER_unload(token);
	UI_destroy_method(terminal);
	unlink(path);
	return rmdir(folder);
}

static inline int fresh(void **state)
{
	unlink(path);
	memset(problem, 'x', sizeof(problem));
	/* whoever waits for a terminal or a FIFO waits for this */
	alarm(60);
	return 0;
}

/* ---------------------------------------------------------------- loading */

static inline int give_text(void *arg, const char *uri, char *buf, size_t size)
{
	int len = snprintf(buf, size, "%s", (const char *)arg);

	assert_non_null(uri);
	return len;
}

static inline int load_with(const char *uri, const char *passphrase)
{
	struct gikev2_key *key = NULL, *want;
	int ret = gikev2_store_private_key(uri, passphrase ? give_text : NULL,
					   (void *)passphrase, &key, problem,
					   sizeof(problem));

	if (ret == 0) {
		assert_string_equal(problem, "");
		assert_true(gikev2_key_private(key));
		assert_int_equal(gikev2_key_new(router->key, true, &want), 0);
		assert_true(gikev2_key_equal(key, want));
		gikev2_key_free(want);
	} else {
		assert_null(key);
	}
	gikev2_key_free(key);
	return ret;
}

static inline int load(const char *uri)
{
	return load_with(uri, NULL);
}

/* The line names the file and says `words`. */
static inline void expect_problem(const char *words)
{
	size_t len = strnlen(problem, sizeof(problem));

	assert_true(len < sizeof(problem));
	for (size_t i = 0; i < len; i++)
		assert_true(isprint((unsigned char)problem[i]));
	assert_non_null(strstr(problem, path));
	if (!strstr(problem, words))
		fail_msg("\"%s\" lacks \"%s\"", problem, words);
}

#define TEST(function) cmocka_unit_test_setup(function, fresh)

#endif /* TEST_STORE_UTIL_H */
