// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The private key that signs rekey messages: when it is read, and what is said
 * when it cannot be.
 */
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mrkmd/mrkm_signer.h"
#include "pki.h"
#include "test_util.h"

static char folder[] = "/tmp/mrkm-test-signer-XXXXXX";
static char path[64], uri[80];
static struct mrkm_signer signer;

static void write_key(const char *kind, const char *seed)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	/* a date that no other write of this test has */
	static time_t date = 1000000000;
	struct timespec times[2] = { { .tv_sec = ++date }, { .tv_sec = date } };
	FILE *file;

	assert_true(fd >= 0);
	file = fdopen(fd, "w");
	assert_non_null(file);
	if (kind)
		assert_int_equal(PEM_write_PrivateKey(file, pki_key(kind, seed),
						      NULL, NULL, 0, NULL,
						      NULL),
				 1);
	else
		fputs("no key\n", file);
	fclose(file);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/key.pem", folder);
	snprintf(uri, sizeof(uri), "file:%s", path);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	rmdir(folder);
	pki_clear();
	return 0;
}

static int each(void **state)
{
	(void)state;
	mrkm_signer_fini(&signer);
	unlink(path);
	return 0;
}

static bool is_key(const char *kind, const char *seed)
{
	struct gikev2_key *key;
	bool same;

	assert_int_equal(gikev2_key_new(pki_key(kind, seed), true, &key), 0);
	same = signer.key && gikev2_key_equal(signer.key, key);
	gikev2_key_free(key);
	return same;
}

static void read_once(void **state)
{
	(void)state;
	write_key("Ed25519", "a");
	assert_true(mrkm_signer_update(&signer, uri));
	assert_true(is_key("Ed25519", "a"));
	assert_string_equal(signer.problem, "");
	assert_string_equal(signer.uri, uri);
	/* nothing has changed */
	assert_false(mrkm_signer_update(&signer, uri));
	assert_true(is_key("Ed25519", "a"));
}

static void file_changes(void **state)
{
	(void)state;
	write_key("Ed25519", "a");
	assert_true(mrkm_signer_update(&signer, uri));
	write_key("P-256", "b");
	assert_true(mrkm_signer_update(&signer, uri));
	assert_true(is_key("P-256", "b"));
	/* written again, and still the same key */
	write_key("P-256", "b");
	assert_false(mrkm_signer_update(&signer, uri));
	assert_true(is_key("P-256", "b"));
}

/* What cannot be read is no key, and that is a change like another. */
static void file_spoilt(void **state)
{
	(void)state;
	write_key("Ed25519", "a");
	assert_true(mrkm_signer_update(&signer, uri));
	write_key(NULL, NULL);
	assert_true(mrkm_signer_update(&signer, uri));
	assert_null(signer.key);
	assert_non_null(strstr(signer.problem, path));
	/* it is tried again each time, without a new date */
	assert_false(mrkm_signer_update(&signer, uri));
	write_key("Ed25519", "a");
	assert_true(mrkm_signer_update(&signer, uri));
	assert_true(is_key("Ed25519", "a"));
	assert_string_equal(signer.problem, "");
}

static void no_file_yet(void **state)
{
	(void)state;
	assert_false(mrkm_signer_update(&signer, uri));
	assert_null(signer.key);
	assert_non_null(strstr(signer.problem, path));
	write_key("Ed25519", "a");
	assert_true(mrkm_signer_update(&signer, uri));
	unlink(path);
	assert_true(mrkm_signer_update(&signer, uri));
	assert_null(signer.key);
}

/* A file that others can read is refused until that is mended. */
static void mode(void **state)
{
	(void)state;
	write_key("Ed25519", "a");
	assert_int_equal(chmod(path, 0644), 0);
	assert_false(mrkm_signer_update(&signer, uri));
	assert_null(signer.key);
	assert_non_null(strstr(signer.problem, "chmod 600"));
	assert_int_equal(chmod(path, 0600), 0);
	assert_true(mrkm_signer_update(&signer, uri));
	assert_true(is_key("Ed25519", "a"));
}

/* Another URI is read whatever the dates are; the same key is no change. */
static void other_uri(void **state)
{
	char other[80], other_uri[96];

	(void)state;
	write_key("Ed25519", "a");
	assert_true(mrkm_signer_update(&signer, uri));
	snprintf(other, sizeof(other), "%s/other.pem", folder);
	snprintf(other_uri, sizeof(other_uri), "file:%s", other);
	assert_int_equal(rename(path, other), 0);
	assert_false(mrkm_signer_update(&signer, other_uri));
	assert_string_equal(signer.uri, other_uri);
	assert_true(is_key("Ed25519", "a"));
	write_key("Ed25519", "b");
	assert_true(mrkm_signer_update(&signer, uri));
	assert_true(is_key("Ed25519", "b"));
	unlink(other);
}

/* Its token was away: the handle signs nothing any more, the key is as before. */
static void token_was_away(void **state)
{
	uint8_t octets[GIKEV2_SPKI_MAX], out[GIKEV2_SIGNATURE_MAX];
	size_t len = sizeof(octets), room = sizeof(out);
	struct gikev2_chunk text = { octets, 1 };
	struct gikev2_key *gone;
	EVP_PKEY *pkey;

	(void)state;
	write_key("Ed25519", "a");
	assert_true(mrkm_signer_update(&signer, uri));
	assert_int_equal(gikev2_key_spki(signer.key, octets, &len), 0);
	pkey = d2i_PUBKEY(NULL, &(const uint8_t *){ octets }, (long)len);
	assert_int_equal(gikev2_key_new(pkey, true, &gone), 0);
	EVP_PKEY_free(pkey);
	gikev2_key_free(signer.key);
	signer.key = gone;
	assert_false(mrkm_signer_update(&signer, uri));
	assert_ptr_equal(signer.key, gone);
	assert_int_equal(
		gikev2_sign(gone, gikev2_sign_choose(gone, GIKEV2_HASHES_OWN),
			    &text, 1, out, &room),
		-GIKEV2_ERR_CRYPTO);
	assert_false(mrkm_signer_update(&signer, uri));
	assert_false(gikev2_key_failed(signer.key));
	assert_true(is_key("Ed25519", "a"));
	room = sizeof(out);
	assert_int_equal(
		gikev2_sign(signer.key,
			    gikev2_sign_choose(signer.key, GIKEV2_HASHES_OWN),
			    &text, 1, out, &room),
		0);
}

/* No URI: Implicit authentication, and nothing is wrong. */
static void no_uri(void **state)
{
	(void)state;
	assert_false(mrkm_signer_update(&signer, ""));
	assert_null(signer.key);
	assert_string_equal(signer.problem, "");
	write_key("Ed25519", "a");
	assert_true(mrkm_signer_update(&signer, uri));
	assert_true(mrkm_signer_update(&signer, ""));
	assert_null(signer.key);
	assert_string_equal(signer.problem, "");
	assert_false(mrkm_signer_update(&signer, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(read_once, each),
		cmocka_unit_test_setup(file_changes, each),
		cmocka_unit_test_setup(file_spoilt, each),
		cmocka_unit_test_setup(no_file_yet, each),
		cmocka_unit_test_setup(mode, each),
		cmocka_unit_test_setup(other_uri, each),
		cmocka_unit_test_setup(token_was_away, each),
		cmocka_unit_test_setup_teardown(no_uri, each, each),
	};

	return cmocka_run_group_tests_name("signer", tests, setup, teardown);
}
