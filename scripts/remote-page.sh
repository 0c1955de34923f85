#!/bin/sh
# Makes remote.html of index.html: the same page, under a policy that lets it fetch from other hosts. Trunk runs this
# after each build.
set -eu
cd "${TRUNK_STAGING_DIR:?}"
sed -e "s/connect-src 'self' blob:;/connect-src 'self' blob: https: http:;/" -e 's/<html lang="en"/<html lang="en" data-remote=""/' \
  index.html >remote.html
# Either of them missing would make a page that says what is not so.
grep -q "connect-src 'self' blob: https: http:;" remote.html && grep -q 'data-remote=""' remote.html || {
  echo "remote-page: index.html has changed, and remote.html cannot be made of it" >&2
  exit 1
}
