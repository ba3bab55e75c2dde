// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/gikev2/gikev2_store.c: what is loaded from where, what is refused, and
 * what is said.
 */
#include <ctype.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

static void put(const void *octets, size_t len, mode_t mode)
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
static void put_bio(BIO *bio, mode_t mode)
{
	char *octets;
	long len = BIO_get_mem_data(bio, &octets);

	assert_true(len > 0);
	put(octets, (size_t)len, mode);
	BIO_free(bio);
}

static void pem_cert(BIO *bio, const struct pki_cert *cert)
{
	assert_int_equal(PEM_write_bio_X509(bio, cert->x509), 1);
}

static void pem_key(BIO *bio, const struct pki_cert *cert)
{
	assert_int_equal(PEM_write_bio_PrivateKey(bio, cert->key, NULL, NULL, 0,
						  NULL, NULL),
			 1);
}

static void put_key(const struct pki_cert *cert, mode_t mode)
{
	BIO *bio = BIO_new(BIO_s_mem());

	pem_key(bio, cert);
	put_bio(bio, mode);
}

static void put_certs(const struct pki_cert *const *certs, size_t count)
{
	BIO *bio = BIO_new(BIO_s_mem());

	for (size_t i = 0; i < count; i++)
		pem_cert(bio, certs[i]);
	put_bio(bio, 0644);
}

static void put_pkcs12(const char *passphrase)
{
	PKCS12 *p12 = PKCS12_create(passphrase, "r1", router->key, router->x509,
				    NULL, 0, 0, 0, 0, 0);
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(i2d_PKCS12_bio(bio, p12), 1);
	PKCS12_free(p12);
	put_bio(bio, 0600);
}

/* In place of a terminal, which a test run may have or not. */
static int terminal_reader(UI *ui, UI_STRING *question)
{
	terminal_asked++;
	return UI_set_result(ui, question, TOKEN_PIN) == 0;
}

static int group_setup(void **state)
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

static int group_teardown(void **state)
{
	pki_clear();
	OSSL_PROVIDER_unload(token);
	UI_destroy_method(terminal);
	unlink(path);
	return rmdir(folder);
}

static int fresh(void **state)
{
	unlink(path);
	memset(problem, 'x', sizeof(problem));
	/* whoever waits for a terminal or a FIFO waits for this */
	alarm(60);
	return 0;
}

/* ---------------------------------------------------------------- loading */

static int give_text(void *arg, const char *uri, char *buf, size_t size)
{
	int len = snprintf(buf, size, "%s", (const char *)arg);

	assert_non_null(uri);
	return len;
}

static int load_with(const char *uri, const char *passphrase)
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

static int load(const char *uri)
{
	return load_with(uri, NULL);
}

/* The line names the file and says `words`. */
static void expect_problem(const char *words)
{
	size_t len = strnlen(problem, sizeof(problem));

	assert_true(len < sizeof(problem));
	for (size_t i = 0; i < len; i++)
		assert_true(isprint((unsigned char)problem[i]));
	assert_non_null(strstr(problem, path));
	if (!strstr(problem, words))
		fail_msg("\"%s\" lacks \"%s\"", problem, words);
}

static void key_formats(void **state)
{
	BIO *bio;

	put_key(router, 0600);
	assert_int_equal(load(path), 0);
	put_key(router, 0400);
	assert_int_equal(load(path), 0);

	bio = BIO_new(BIO_s_mem());
	assert_int_equal(i2d_PrivateKey_bio(bio, router->key), 1);
	put_bio(bio, 0600);
	assert_int_equal(load(path), 0);

	/* words around it, and a certificate before it */
	bio = BIO_new(BIO_s_mem());
	BIO_puts(bio, "key of r1\r\n");
	pem_cert(bio, router);
	pem_key(bio, router);
	BIO_puts(bio, "end of it");
	put_bio(bio, 0600);
	assert_int_equal(load(path), 0);
}

static void uri_forms(void **state)
{
	static const char *const forms[] = { "%s", "file:%s", "file://%s",
					     "FILE:%s", "file://localhost%s" };
	char uri[128], cwd[256];

	put_key(router, 0600);
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(uri, sizeof(uri), forms[i], path);
#pragma GCC diagnostic pop
		assert_int_equal(load(uri), 0);
	}
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(load("file"), 0);
	assert_int_equal(load("./file"), 0);
	assert_int_equal(load("file:file"), 0);
	assert_int_equal(chdir(cwd), 0);
}

static void key_modes(void **state)
{
	static const mode_t open_to_others[] = { 0640, 0604, 0610, 0601,
						 0620, 0644, 0666, 0777 };
	char uri[128], words[32];

	snprintf(uri, sizeof(uri), "file:%s", path);
	for (size_t i = 0; i < ARRAY_LEN(open_to_others); i++) {
		put_key(router, open_to_others[i]);
		assert_int_equal(load(path), -GIKEV2_ERR_NO_CREDENTIAL);
		snprintf(words, sizeof(words), "(mode %04o): run chmod 600",
			 open_to_others[i]);
		expect_problem(words);
		assert_int_equal(load(uri), -GIKEV2_ERR_NO_CREDENTIAL);
	}
}

static void key_kinds_refused(void **state)
{
	static const char *const kinds[] = { "RSA 1024", "P-521", "Ed448" };

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct pki_cert odd = { .key = pki_key(kinds[i], "store") };

		put_key(&odd, 0600);
		assert_int_equal(load(path), -GIKEV2_ERR_KEY_REFUSED);
		expect_problem("is not accepted: Ed25519");
	}
}

static void two_keys(void **state)
{
	BIO *bio = BIO_new(BIO_s_mem());

	pem_key(bio, router);
	pem_key(bio, ca);
	put_bio(bio, 0600);
	assert_int_equal(load(path), -GIKEV2_ERR_NO_CREDENTIAL);
	expect_problem("is more than one");
	/* the same one twice, as some tokens say it */
	bio = BIO_new(BIO_s_mem());
	pem_key(bio, router);
	pem_key(bio, router);
	put_bio(bio, 0600);
	assert_int_equal(load(path), 0);
}

static void no_key_there(void **state)
{
	put_certs(&root, 1);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(load(path), -GIKEV2_ERR_NO_CREDENTIAL);
	expect_problem("is none: name what leads to a private key");
}

static void files_that_are_none(void **state)
{
	static uint8_t big[(1 << 20) + 1];

	assert_int_equal(load(path), -GIKEV2_ERR_NO_CREDENTIAL);
	expect_problem("is missing");
	put("", 0, 0600);
	assert_int_equal(load(path), -GIKEV2_ERR_NO_CREDENTIAL);
	expect_problem("is empty");
	put(big, sizeof(big), 0600);
	assert_int_equal(load(path), -GIKEV2_ERR_NO_CREDENTIAL);
	expect_problem("is too long: at most 1048576");
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(load(path), -GIKEV2_ERR_NO_CREDENTIAL);
	expect_problem("is not a regular file");
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(load(path), -GIKEV2_ERR_NO_CREDENTIAL);
	expect_problem("is not a regular file");
}

static void octets_that_are_none(void **state)
{
	uint64_t seed = 0x5eed;
	uint8_t octets[400];
	BIO *bio = BIO_new(BIO_s_mem());
	char *pem;
	long len;

	for (int i = 0; i < 50; i++) {
		test_prng(&seed, octets, sizeof(octets));
		put(octets, sizeof(octets), 0600);
		assert_int_equal(load(path), -GIKEV2_ERR_NO_CREDENTIAL);
		expect_problem("cannot be understood");
	}
	pem_key(bio, router);
	len = BIO_get_mem_data(bio, &pem);
	for (size_t cut = 1; cut < (size_t)len - 8; cut++) {
		put(pem, cut, 0600);
		assert_int_equal(load(path), -GIKEV2_ERR_NO_CREDENTIAL);
	}
	BIO_free(bio);
}

/* In a child, since root may read what it wants. */
static void not_ours(void **state)
{
	const struct passwd *nobody = getpwnam("nobody");
	int status;
	pid_t child;

	if (geteuid() != 0 || !nobody) {
		print_message("not_ours: skipped, needs root and nobody\n");
		skip();
	}
	put_key(router, 0600);
	assert_int_equal(chmod(folder, 0755), 0);
	child = fork();
	if (child == 0) {
		if (setuid(nobody->pw_uid) < 0)
			_exit(2);
		_exit(load(path) == -GIKEV2_ERR_NO_CREDENTIAL &&
				      strstr(problem, "cannot be read by")
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(chmod(folder, 0700), 0);
}

/* ------------------------------------------------------------- passphrases */

static int give_none(void *arg, const char *uri, char *buf, size_t size)
{
	return -1;
}

static void encrypted_key(void **state)
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct gikev2_key *key;

	assert_int_equal(PEM_write_bio_PrivateKey(
				 bio, router->key, EVP_aes_256_cbc(),
				 (const uint8_t *)"horse", 5, NULL, NULL),
			 1);
	put_bio(bio, 0600);
	assert_int_equal(load(path), -GIKEV2_ERR_NO_CREDENTIAL);
	expect_problem("is encrypted, and nobody can be asked");
	assert_int_equal(load_with(path, "horse"), 0);
	assert_int_equal(load_with(path, "donkey"), -GIKEV2_ERR_NO_CREDENTIAL);
	expect_problem("cannot be opened with the passphrase given");
	assert_null(strstr(problem, "donkey"));
	assert_int_equal(load_with(path, ""), -GIKEV2_ERR_NO_CREDENTIAL);
	assert_int_equal(gikev2_store_private_key(path, give_none, NULL, &key,
						  problem, sizeof(problem)),
			 -GIKEV2_ERR_NO_CREDENTIAL);
	expect_problem("cannot be opened");
}

static void encrypted_pkcs12(void **state)
{
	struct gikev2_credential *credential;
	struct gikev2_chunk certs[GIKEV2_CERTS_MAX];

	put_pkcs12("horse");
	assert_int_equal(load(path), -GIKEV2_ERR_NO_CREDENTIAL);
	expect_problem("is encrypted");
	assert_int_equal(load_with(path, "donkey"), -GIKEV2_ERR_NO_CREDENTIAL);
	assert_int_equal(load_with(path, "horse"), 0);
	assert_int_equal(gikev2_store_credential(path, path, give_text,
						 (char *)"horse", &credential,
						 problem, sizeof(problem)),
			 0);
	assert_int_equal(gikev2_credential_certs(credential, certs), 1);
	gikev2_credential_free(credential);
}

/* ------------------------------------------------------------------ tokens */

static void token_keys(void **state)
{
	assert_int_equal(load_with("tok:key", TOKEN_PIN), 0);
	assert_int_equal(load_with("tok:key", "0815"),
			 -GIKEV2_ERR_NO_CREDENTIAL);
	assert_non_null(strstr(problem, "private key tok:key is not there, or "
					"the PIN given is wrong"));
	assert_int_equal(load("tok:key"), -GIKEV2_ERR_NO_CREDENTIAL);
	assert_non_null(strstr(problem, "nobody can be asked"));
	assert_int_equal(load_with("tok:both", TOKEN_PIN), 0);
	assert_int_equal(load_with("tok:none", TOKEN_PIN),
			 -GIKEV2_ERR_NO_CREDENTIAL);
	assert_non_null(strstr(problem, "is none"));
}

static void put_pin(const char *pin, mode_t mode)
{
	BIO *bio = BIO_new(BIO_s_mem());

	BIO_puts(bio, pin);
	put_bio(bio, mode);
}

/* What it says begins with what could not be used. */
static void expect_refused(const char *uri, const char *begin, const char *with)
{
	assert_int_equal(load(uri), -GIKEV2_ERR_NO_CREDENTIAL);
	if (strncmp(problem, begin, strlen(begin)) != 0 ||
	    !strstr(problem, with))
		fail_msg("not \"%s ... %s\": %s", begin, with, problem);
}

static void token_pin_file(void **state)
{
	char uri[128], pin[128];

	snprintf(uri, sizeof(uri), "tok:key?pin-source=file:%s", path);
	snprintf(pin, sizeof(pin), "PIN file:%s", path);
	unlink(path);
	expect_refused(uri, pin, "is missing");
	put_pin(TOKEN_PIN, 0644);
	expect_refused(uri, pin, "chmod 600");
	put_pin(TOKEN_PIN, 0600);
	assert_int_equal(truncate(path, 0), 0);
	expect_refused(uri, pin, "is empty");
	put_pin("0815", 0600);
	expect_refused(uri, "private key tok:key", "refuses the PIN");
	assert_null(strstr(problem, "0815"));
	put_pin(TOKEN_PIN, 0600);
	assert_int_equal(load(uri), 0);
	/* other forms of it */
	snprintf(uri, sizeof(uri), "tok:key;pin-source=file:%s;type=private",
		 path);
	assert_int_equal(load(uri), 0);
	put_pin("0815", 0600);
	expect_refused(uri, "private key tok:key", "refuses the PIN");
	/* a provider may know what else is there */
	expect_refused("tok:key?pin-source=/no%20such", "private key tok:key",
		       "refuses the PIN");
	expect_refused("tok:key?pin-source=|cat", "private key tok:key",
		       "refuses the PIN");
}

static void token_troubles(void **state)
{
	char uri[128];

	expect_refused("tok:key", "private key tok:key needs a PIN",
		       "pin-source");
	put_pin(TOKEN_PIN, 0600);
	snprintf(uri, sizeof(uri), "tok:gone?pin-source=file:%s", path);
	expect_refused(uri, "private key tok:gone", "is not there: check");
	expect_refused("tok:gone", "private key tok:gone",
		       "is not there: check");
	expect_refused("tok:broken", "private key tok:broken",
		       "its provider does not work");
}

static void token_credential(void **state)
{
	struct gikev2_credential *credential;
	struct gikev2_chunk certs[GIKEV2_CERTS_MAX];

	assert_int_equal(gikev2_store_credential("tok:key", "tok:cert",
						 give_text, (char *)TOKEN_PIN,
						 &credential, problem,
						 sizeof(problem)),
			 0);
	assert_int_equal(gikev2_credential_certs(credential, certs), 1);
	assert_memory_equal(certs[0].ptr, router->der.ptr, certs[0].len);
	gikev2_credential_free(credential);
}

/* Whatever asks by OpenSSL's own means gets no answer, and waits for none. */
static void no_terminal(void **state)
{
	char answer[16] = "";
	UI *ui;

	assert_int_equal(load("tok:key"), -GIKEV2_ERR_NO_CREDENTIAL);
	ui = UI_new();
	assert_non_null(ui);
	assert_true(UI_add_input_string(ui, "PIN?", 0, answer, 1, 15) > 0);
	assert_true(UI_process(ui) < 0);
	assert_string_equal(answer, "");
	assert_int_equal(terminal_asked, 0);
	UI_free(ui);
}

/* Nothing of OpenSSL's knows such URIs; and a PIN is not told on. */
static void unknown_uris(void **state)
{
	static const char *const uris[] = {
		"pkcs99:token=x;pin-value=1234",
		"nothing://there/at/all?PIN-VALUE=1234",
		"nothing:",
		":",
		"a:b",
	};
	char longest[1000];

	for (size_t i = 0; i < ARRAY_LEN(uris); i++) {
		assert_int_equal(load(uris[i]), -GIKEV2_ERR_NO_CREDENTIAL);
		assert_non_null(strstr(problem, "a provider that OpenSSL"));
		assert_non_null(strstr(problem, "openssl.cnf"));
		assert_null(strstr(problem, "1234"));
	}
	memset(longest, 'y', sizeof(longest));
	memcpy(longest, "x:", 2);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(load(longest), -GIKEV2_ERR_NO_CREDENTIAL);
	assert_true(strnlen(problem, sizeof(problem)) < sizeof(problem));
}

/* ------------------------------------------------------------- public keys */

static void public_keys(void **state)
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct gikev2_key *key, *want;

	assert_int_equal(PEM_write_bio_PUBKEY(bio, router->key), 1);
	put_bio(bio, 0644);
	assert_int_equal(gikev2_store_public_key(path, &key, problem,
						 sizeof(problem)),
			 0);
	assert_int_equal(gikev2_key_new(router->key, true, &want), 0);
	assert_true(gikev2_key_equal(key, want));
	assert_false(gikev2_key_private(key));
	gikev2_key_free(want);
	gikev2_key_free(key);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(load(path), -GIKEV2_ERR_NO_CREDENTIAL);
	expect_problem("is none");
	put_key(router, 0600);
	assert_int_equal(gikev2_store_public_key(path, &key, problem,
						 sizeof(problem)),
			 -GIKEV2_ERR_NO_CREDENTIAL);
	expect_problem("public key");
}

/* ------------------------------------------------------------- credentials */

static int load_credential(const char *key_uri, const char *cert_uri,
			   size_t *count)
{
	struct gikev2_credential *credential;
	struct gikev2_chunk certs[GIKEV2_CERTS_MAX];
	int ret = gikev2_store_credential(key_uri, cert_uri, give_text,
					  (char *)TOKEN_PIN, &credential,
					  problem, sizeof(problem));

	*count = 0;
	if (ret == 0) {
		*count = gikev2_credential_certs(credential, certs);
		if (*count)
			assert_memory_equal(certs[0].ptr, router->der.ptr,
					    certs[0].len);
	} else {
		assert_null(credential);
	}
	gikev2_credential_free(credential);
	return ret;
}

static void credentials(void **state)
{
	const struct pki_cert *chain[] = { ca, router, root };
	const struct pki_cert *many[GIKEV2_CERTS_MAX + 1];
	BIO *bio = BIO_new(BIO_s_mem());
	size_t count;

	put_certs(chain, 3);
	assert_int_equal(load_credential("tok:key", path, &count), 0);
	assert_int_equal(count, 2);
	/* all in one file, which is then a secret */
	pem_key(bio, router);
	pem_cert(bio, router);
	put_bio(bio, 0600);
	assert_int_equal(load_credential(path, path, &count), 0);
	assert_int_equal(count, 1);
	/* a raw public key */
	assert_int_equal(load_credential(path, NULL, &count), 0);
	assert_int_equal(count, 0);

	put_certs(&ca, 1);
	assert_int_equal(load_credential("tok:key", path, &count),
			 -GIKEV2_ERR_NO_CREDENTIAL);
	expect_problem("does not go with the private key: none of the "
		       "certificates is that of the private key");
	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		many[i] = router;
	put_certs(many, ARRAY_LEN(many));
	assert_int_equal(load_credential("tok:key", path, &count),
			 -GIKEV2_ERR_LIMIT);
	expect_problem("more than 8 certificates");
	unlink(path);
	assert_int_equal(load_credential("tok:key", path, &count),
			 -GIKEV2_ERR_NO_CREDENTIAL);
	expect_problem("certificate");
	assert_int_equal(load_credential(path, "tok:cert", &count),
			 -GIKEV2_ERR_NO_CREDENTIAL);
	expect_problem("private key");
}

/* ------------------------------------------------------------------- trust */

static int load_trust(enum gikev2_trust kind, size_t *count)
{
	struct gikev2_anchors *anchors = gikev2_anchors_new();
	int ret = gikev2_store_trust(path, kind, anchors, problem,
				     sizeof(problem));

	*count = gikev2_anchors_count(anchors, kind);
	gikev2_anchors_free(anchors);
	return ret;
}

static void trust(void **state)
{
	const struct pki_cert *both[] = { root, ca };
	size_t count;
	BIO *bio;

	put_certs(both, 2);
	assert_int_equal(load_trust(GIKEV2_TRUST_ANCHOR, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(load_trust(GIKEV2_TRUST_INTERMEDIATE, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(load_trust(GIKEV2_TRUST_CRL, &count),
			 -GIKEV2_ERR_NO_CREDENTIAL);
	expect_problem("CRL");
	expect_problem("is none");
	put(root->der.ptr, root->der.len, 0644);
	assert_int_equal(load_trust(GIKEV2_TRUST_ANCHOR, &count), 0);
	assert_int_equal(count, 1);

	/* one that is damaged is not passed over in silence */
	bio = BIO_new(BIO_s_mem());
	pem_cert(bio, root);
	BIO_puts(bio, "-----BEGIN CERTIFICATE-----\nMIIB\n"
		      "-----END CERTIFICATE-----\n");
	pem_cert(bio, ca);
	put_bio(bio, 0644);
	assert_int_equal(load_trust(GIKEV2_TRUST_ANCHOR, &count),
			 -GIKEV2_ERR_NO_CREDENTIAL);
	expect_problem("trust anchor");
}

static void too_many_anchors(void **state)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char name[32];
	size_t count;

	for (int i = 0; i <= GIKEV2_ANCHORS_MAX; i++) {
		snprintf(name, sizeof(name), "CN=anchor %d", i);
		pem_cert(bio, pki_ca(NULL, name));
	}
	put_bio(bio, 0644);
	assert_int_equal(load_trust(GIKEV2_TRUST_ANCHOR, &count),
			 -GIKEV2_ERR_LIMIT);
	expect_problem("is one too many: at most 64");
}

static void crls(void **state)
{
	struct gikev2_chunk der = pki_crl(root, 0, 0, NULL, 0);
	struct gikev2_chunk other = pki_crl(ca, 0, 0, NULL, 0);
	BIO *bio = BIO_new(BIO_s_mem());
	size_t count;

	put(der.ptr, der.len, 0644);
	assert_int_equal(load_trust(GIKEV2_TRUST_CRL, &count), 0);
	assert_int_equal(count, 1);
	PEM_write_bio(bio, PEM_STRING_X509_CRL, "", der.ptr, (long)der.len);
	PEM_write_bio(bio, PEM_STRING_X509_CRL, "", other.ptr, (long)other.len);
	put_bio(bio, 0644);
	assert_int_equal(load_trust(GIKEV2_TRUST_CRL, &count), 0);
	assert_int_equal(count, 2);
}

/* ----------------------------------------------------------------- changes */

static void changes(void **state)
{
	struct gikev2_store_stamp stamp = { 0 };
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
					   { .tv_sec = 1000 } };
	char uri[128], renamed[sizeof(path) + 8];

	snprintf(uri, sizeof(uri), "file:%s", path);
	snprintf(renamed, sizeof(renamed), "%s.new", path);
	assert_false(gikev2_store_changed(uri, &stamp));
	put("one", 3, 0644);
	assert_true(gikev2_store_changed(uri, &stamp));
	assert_false(gikev2_store_changed(uri, &stamp));
	assert_false(gikev2_store_changed(path, &stamp));
	/* of the same size, in place */
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	assert_true(gikev2_store_changed(uri, &stamp));
	assert_false(gikev2_store_changed(uri, &stamp));
	/* another file put in its place, with the same date */
	assert_int_equal(rename(path, renamed), 0);
	put("two", 3, 0644);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	assert_true(gikev2_store_changed(uri, &stamp));
	assert_int_equal(rename(renamed, path), 0);
	assert_true(gikev2_store_changed(uri, &stamp));
	/* gone, and back */
	unlink(path);
	assert_true(gikev2_store_changed(uri, &stamp));
	assert_false(gikev2_store_changed(uri, &stamp));
	put("one", 3, 0644);
	assert_true(gikev2_store_changed(uri, &stamp));
	/* what is no file */
	assert_false(gikev2_store_changed("tok:cert", &stamp));
}

/* A CRL that is renewed revokes, as the daemon does it. */
static void renewed_crl(void **state)
{
	const uint32_t serial = 1;
	struct gikev2_store_stamp stamp = { 0 };
	struct gikev2_id id = { .type = GIKEV2_ID_FQDN, .len = 14 };
	struct gikev2_chunk chain[] = { router->der, ca->der };
	int results[2];

	memcpy(id.data, "r1.example.net", 14);
	for (uint32_t revoked = 0; revoked < 2; revoked++) {
		struct gikev2_anchors *anchors = gikev2_anchors_new();
		struct gikev2_chunk der = pki_crl(ca, 0, 0, &serial, revoked);
		struct gikev2_key *key;

		put(der.ptr, der.len, 0644);
		assert_true(gikev2_store_changed(path, &stamp));
		assert_int_equal(gikev2_store_trust(path, GIKEV2_TRUST_CRL,
						    anchors, problem,
						    sizeof(problem)),
				 0);
		gikev2_anchors_add(anchors, GIKEV2_TRUST_ANCHOR, root->der);
		results[revoked] = gikev2_cert_verify(anchors, chain, 2, &id,
						      PKI_NOW, &key, problem,
						      sizeof(problem));
		gikev2_key_free(key);
		gikev2_anchors_free(anchors);
	}
	assert_int_equal(results[0], 0);
	assert_int_equal(results[1], -GIKEV2_ERR_CERT_REVOKED);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup(function, fresh)
	const struct CMUnitTest tests[] = {
		TEST(key_formats),
		TEST(uri_forms),
		TEST(key_modes),
		TEST(key_kinds_refused),
		TEST(two_keys),
		TEST(no_key_there),
		TEST(files_that_are_none),
		TEST(octets_that_are_none),
		TEST(not_ours),
		TEST(encrypted_key),
		TEST(encrypted_pkcs12),
		TEST(token_keys),
		TEST(token_pin_file),
		TEST(token_troubles),
		TEST(token_credential),
		TEST(no_terminal),
		TEST(unknown_uris),
		TEST(public_keys),
		TEST(credentials),
		TEST(trust),
		TEST(too_many_anchors),
		TEST(crls),
		TEST(changes),
		TEST(renewed_crl),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
