// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Octets at rest.
 *
 * Each process seals under a key of its own, derived from the master key and a
 * random salt, and counts its nonces: however often a process starts, no nonce
 * meets the same key twice.
 *
 *   salt (16) | nonce counter (8) | ciphertext | tag (16)
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "gikev2/gikev2_store.h"
#include "mrkmd/mrkm_seal.h"

#define MASTER_LEN 32
#define SALT_LEN 16
#define COUNTER_LEN 8
#define NONCE_LEN 12
#define TAG_LEN 16

/* A new line or not, the file holds these digits and nothing else. */
#define FILE_DIGITS (2 * MASTER_LEN)

struct subkey {
	uint8_t salt[SALT_LEN];
	EVP_CIPHER_CTX *ctx;
	bool set;
};

struct mrkm_seal {
	uint8_t master[MASTER_LEN];
	struct subkey sealing, opening; /* opening: of the last one read */
	uint64_t counter;
};

__attribute__((format(printf, 4, 5))) static int
fail(char *problem, size_t size, int err, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(problem, size, format, ap);
	va_end(ap);
	return -err;
}

/* ----------------------------------------------------------------- master key */

static const char *path_of(const char *name)
{
	return strncmp(name, "file:", 5) == 0 ? name + 5 : name;
}

/* A scheme that is not "file:": what a provider of OpenSSL understands. */
static bool is_uri(const char *name)
{
	const char *colon = strchr(name, ':');

	return name[0] != '/' && colon && strncmp(name, "file:", 5) != 0;
}

static void to_hex(const uint8_t *octets, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[octets[i] >> 4];
		out[2 * i + 1] = digits[octets[i] & 15];
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static bool from_hex(const char *text, uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		int high = hex_digit(text[2 * i]);
		int low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = high << 4 | low;
	}
	return true;
}

/* Written and safe before anything is sealed under it. */
static int make_file(struct mrkm_seal *seal, const char *path, char *problem,
		     size_t size)
{
	char text[FILE_DIGITS + 1];
	int fd, err = 0;

	if (RAND_priv_bytes(seal->master, MASTER_LEN) != 1)
		return fail(
			problem, size, EIO,
			"no random octets for key file %s: check the OpenSSL installation",
			path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		  0600);
	if (fd < 0)
		return fail(
			problem, size, errno,
			"key file %s cannot be made: %s: let the daemon's user write to its folder, or name another file",
			path, strerror(errno));
	to_hex(seal->master, MASTER_LEN, text);
	text[FILE_DIGITS] = '\n';
	errno = ENOSPC;
	if (write(fd, text, sizeof(text)) != (ssize_t)sizeof(text) ||
	    fsync(fd) < 0)
		err = errno;
	explicit_bzero(text, sizeof(text));
	close(fd);
	if (!err)
		return 0;
	unlink(path);
	return fail(problem, size, err, "key file %s cannot be written: %s",
		    path, strerror(err));
}

static int check_file(const char *path, int fd, char *problem, size_t size)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail(problem, size, errno,
			    "key file %s cannot be examined: %s", path,
			    strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fail(
			problem, size, EINVAL,
			"key file %s is not a regular file: name a file that holds the key",
			path);
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return fail(
			problem, size, EPERM,
			"key file %s is open to others (mode %04o): run chmod 600 on it",
			path, (unsigned int)(st.st_mode & 07777));
	return 0;
}

static int read_file(struct mrkm_seal *seal, const char *path, int fd,
		     char *problem, size_t size)
{
	char text[FILE_DIGITS + 2];
	ssize_t n;
	bool ok;

	n = read(fd, text, sizeof(text));
	ok = (n == FILE_DIGITS ||
	      (n == FILE_DIGITS + 1 && text[FILE_DIGITS] == '\n')) &&
	     from_hex(text, seal->master, MASTER_LEN);
	explicit_bzero(text, sizeof(text));
	if (ok)
		return 0;
	return fail(
		problem, size, EINVAL,
		"key file %s does not hold %d hexadecimal digits: restore it from where it was saved",
		path, FILE_DIGITS);
}

static int open_file(struct mrkm_seal *seal, const char *path, bool make,
		     char *problem, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int err;

	if (fd < 0 && errno == ENOENT && make)
		return make_file(seal, path, problem, size);
	if (fd < 0 && errno == ENOENT)
		return fail(
			problem, size, ENOENT,
			"key file %s is missing: restore it; without it what was stored cannot be read",
			path);
	if (fd < 0)
		return fail(
			problem, size, errno,
			"key file %s cannot be opened: %s: make the daemon's user own it",
			path, strerror(errno));
	err = check_file(path, fd, problem, size);
	if (!err)
		err = read_file(seal, path, fd, problem, size);
	close(fd);
	return err;
}

/* The signature of a key that signs the same octets the same way every time. */
static int open_uri(struct mrkm_seal *seal, const char *uri, char *problem,
		    size_t size)
{
	static const char label[] = "mrkmd key of stored state";
	struct gikev2_chunk part = { (const uint8_t *)label, sizeof(label) };
	uint8_t signature[GIKEV2_SIGNATURE_MAX];
	size_t len = sizeof(signature);
	struct gikev2_key *key = NULL;
	unsigned int master_len = MASTER_LEN;
	const struct gikev2_sign_alg *alg;
	int ret = 0;

	if (gikev2_store_private_key(uri, NULL, NULL, &key, problem, size) < 0)
		return -EINVAL;
	alg = gikev2_sign_choose(key, GIKEV2_HASHES_OWN);
	if (gikev2_key_type(key) != GIKEV2_KEY_ED25519)
		ret = fail(
			problem, size, EINVAL,
			"the private key of %s is not of the kind Ed25519: others do not sign the same way every time",
			uri);
	else if (gikev2_sign(key, alg, &part, 1, signature, &len) < 0 ||
		 !EVP_Digest(signature, len, seal->master, &master_len,
			     EVP_sha256(), NULL))
		ret = fail(
			problem, size, EIO,
			"the private key of %s does not sign: check its token",
			uri);
	OPENSSL_cleanse(signature, sizeof(signature));
	gikev2_key_free(key);
	return ret;
}

/* --------------------------------------------------------------------- sealing */

static int set_subkey(const struct mrkm_seal *seal, struct subkey *subkey,
		      const uint8_t *salt, bool encrypt)
{
	uint8_t key[EVP_MAX_MD_SIZE];
	bool ok;

	if (subkey->set && memcmp(subkey->salt, salt, SALT_LEN) == 0)
		return 0;
	subkey->set = false;
	ok = HMAC(EVP_sha256(), seal->master, MASTER_LEN, salt, SALT_LEN, key,
		  NULL) &&
	     EVP_CipherInit_ex2(subkey->ctx, EVP_aes_256_gcm(), key, NULL,
				encrypt, NULL);
	OPENSSL_cleanse(key, sizeof(key));
	if (!ok)
		return -EIO;
	memcpy(subkey->salt, salt, SALT_LEN);
	subkey->set = true;
	return 0;
}

int mrkm_seal_open(const char *name, bool make, struct mrkm_seal **out,
		   char *problem, size_t size)
{
	struct mrkm_seal *seal = calloc(1, sizeof(*seal));
	uint8_t salt[SALT_LEN];
	int ret;

	*out = NULL;
	if (!seal)
		return fail(problem, size, ENOMEM, "out of memory");
	ret = is_uri(name)
		      ? open_uri(seal, name, problem, size)
		      : open_file(seal, path_of(name), make, problem, size);
	if (ret == 0) {
		seal->sealing.ctx = EVP_CIPHER_CTX_new();
		seal->opening.ctx = EVP_CIPHER_CTX_new();
		if (!seal->sealing.ctx || !seal->opening.ctx ||
		    RAND_bytes(salt, sizeof(salt)) != 1 ||
		    set_subkey(seal, &seal->sealing, salt, true) < 0)
			ret = fail(
				problem, size, EIO,
				"AES-256-GCM is not to be had: check the OpenSSL installation");
	}
	if (ret < 0)
		mrkm_seal_close(seal);
	else
		*out = seal;
	return ret;
}

void mrkm_seal_close(struct mrkm_seal *seal)
{
	if (!seal)
		return;
	EVP_CIPHER_CTX_free(seal->sealing.ctx);
	EVP_CIPHER_CTX_free(seal->opening.ctx);
	OPENSSL_cleanse(seal, sizeof(*seal));
	free(seal);
}

static bool cipher_run(EVP_CIPHER_CTX *ctx, const uint8_t *counter,
		       const uint8_t *name, size_t name_len,
		       const uint8_t *octets, size_t len, uint8_t *out)
{
	uint8_t nonce[NONCE_LEN] = { 0 };
	int done;

	memcpy(nonce + NONCE_LEN - COUNTER_LEN, counter, COUNTER_LEN);
	return EVP_CipherInit_ex2(ctx, NULL, NULL, nonce, -1, NULL) &&
	       EVP_CipherUpdate(ctx, NULL, &done, name, name_len) &&
	       EVP_CipherUpdate(ctx, out, &done, octets, len);
}

int mrkm_seal(struct mrkm_seal *seal, const uint8_t *name, size_t name_len,
	      const uint8_t *octets, size_t len, uint8_t *out)
{
	uint8_t *counter = out + SALT_LEN, *text = counter + COUNTER_LEN;
	EVP_CIPHER_CTX *ctx = seal->sealing.ctx;
	uint64_t number = ++seal->counter;
	int done;

	memcpy(out, seal->sealing.salt, SALT_LEN);
	for (size_t i = COUNTER_LEN; i-- > 0; number >>= 8)
		counter[i] = number;
	if (!cipher_run(ctx, counter, name, name_len, octets, len, text) ||
	    !EVP_CipherFinal_ex(ctx, text + len, &done) ||
	    !EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN,
				 text + len))
		return -EIO;
	return 0;
}

int mrkm_unseal(struct mrkm_seal *seal, const uint8_t *name, size_t name_len,
		const uint8_t *octets, size_t len, uint8_t *out)
{
	const uint8_t *counter, *text;
	EVP_CIPHER_CTX *ctx = seal->opening.ctx;
	size_t text_len;
	int done;

	if (len < MRKM_SEAL_OVERHEAD)
		return -EBADMSG;
	counter = octets + SALT_LEN;
	text = counter + COUNTER_LEN;
	text_len = len - MRKM_SEAL_OVERHEAD;
	if (set_subkey(seal, &seal->opening, octets, false) < 0)
		return -EIO;
	if (!cipher_run(ctx, counter, name, name_len, text, text_len, out) ||
	    !EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN,
				 (void *)(text + text_len)) ||
	    !EVP_CipherFinal_ex(ctx, out + text_len, &done)) {
		OPENSSL_cleanse(out, text_len);
		return -EBADMSG;
	}
	return 0;
}
