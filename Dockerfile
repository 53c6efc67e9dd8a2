# One image for every process: the command picks it. `docker run -p 127.0.0.1:3000:3000 …` needs OIDC_ISSUERS, because
# inside a container the server must listen beyond loopback, which development mode refuses.
FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY apps apps
COPY libs libs
COPY projections projections
RUN node -e "import('./apps/build.mjs').then(({ ensureBuilt }) => ensureBuilt())" && npm prune --omit=dev

FROM node:24-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/var/lib/tenantry/data KEY_DIR=/var/lib/tenantry/keys
WORKDIR /opt/tenantry
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/apps/build.mjs apps/build.mjs
COPY --from=build /build/apps/cli/tenantry.mjs apps/cli/tenantry.mjs
COPY --from=build /build/dist dist
# A fresh named volume takes over the owner of the folder that it covers.
RUN install -d -m 0700 -o node -g node "$DATA_DIR" "$KEY_DIR"
USER node
EXPOSE 3000
STOPSIGNAL SIGTERM
CMD ["node", "dist/apps/standalone/main.js"]
