# Nothing to set: it sends Access-Control-Allow-Origin: * with every file.
skopeo copy docker://HOST/NAME:TAG oci:docs/image:latest
git add docs/image && git commit -m 'Publish an image layout' && git push
# Then open https://USER.github.io/REPOSITORY/image/
