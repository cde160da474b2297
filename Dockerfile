FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json ./
COPY src ./src
COPY page ./page
RUN npm run build && npm prune --omit=dev && mkdir data

FROM node:24-slim
WORKDIR /app
# Variables win over millrace.yaml: here its state is on the volume, and 127.0.0.1 is nobody else's.
ENV NODE_ENV=production MILLRACE_DATA_DIR=/data MILLRACE_HTTP_LISTEN=0.0.0.0:8080
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build --chown=1000:1000 /app/data /data
# By number, so that Kubernetes sees that it is not root. It is the image's user node.
USER 1000:1000
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.MILLRACE_HTTP_LISTEN.split(':').pop() + '/healthz').then(({ok}) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/main.js"]
CMD ["start", "--config", "/etc/millrace/millrace.yaml"]
