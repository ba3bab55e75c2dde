// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/gikev2/gikev2_store.c: files, what is loaded from them, what is refused, and
 * what is said.
 */
#include <pwd.h>
#include <sys/wait.h>

#include "test_store_util.h"

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

int main(void)
{
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
		TEST(public_keys),
		TEST(changes),
	};

	return cmocka_run_group_tests_name("store", tests, group_setup,
					   group_teardown);
}
